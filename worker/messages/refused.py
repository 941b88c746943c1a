"""What is kept of a refused message."""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from worker.messages.task import Headers, Protocol1Body
from worker.rules.wire.refusals import MessageRefusedError, RefusedMessage
from worker.rules.wire.strict_json import MAX_BYTES

_LONG_ENOUGH: Final = 500  # characters
_TASK: Final = re.compile(r"[A-Za-z0-9_.]{1,128}")
_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ORIGIN: Final = re.compile(r"gen[0-9]{1,10}@[A-Za-z0-9.-]{1,100}")
_CELERYS: Final = frozenset({*Headers.model_fields, *Protocol1Body.model_fields})


def describe_refused(
    queue: str, raw: bytes, refused: MessageRefusedError, *, now: datetime
) -> RefusedMessage:
    """Return what may be kept of a refused message."""
    fields = _fields(raw) if len(raw) <= MAX_BYTES else {}
    given = {name: value for name, value in fields.items() if value is not None}
    shape = [f"{name} {type(given[name]).__name__}" for name in given if name in _CELERYS]
    if len(shape) < len(given):
        shape.append(f"{len(given) - len(shape)} of the sender's own")
    return RefusedMessage(
        refused_at=now,
        queue=queue,
        reason=refused.reason,
        detail=str(refused)[:_LONG_ENOUGH],
        size_bytes=len(raw),
        sha256=hashlib.sha256(raw).hexdigest(),
        task=_in_form(_TASK, fields.get("task")),
        message_id=_in_form(_ID, fields.get("id")),
        origin=_in_form(_ORIGIN, fields.get("origin")),
        shape=", ".join(shape)[:_LONG_ENOUGH] or None,
    )


def _fields(raw: bytes) -> Mapping[str, Any]:
    """Return the headers, or the fields of a body of protocol 1; nothing where they can't be read."""
    try:
        envelope = json.loads(raw)
        headers = envelope["headers"] or json.loads(base64.b64decode(envelope["body"]))
    except (ValueError, TypeError, KeyError, RecursionError):
        return {}
    return headers if isinstance(headers, dict) else {}


def _in_form(form: re.Pattern[str], value: object) -> str | None:
    return value if isinstance(value, str) and form.fullmatch(value) else None
