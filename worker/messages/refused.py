"""Describe a refused message without its arguments."""

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

_MAX_TEXT: Final = 500  # characters
_TASK: Final = re.compile(r"[A-Za-z0-9_.]{1,128}")
_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ORIGIN: Final = re.compile(r"gen[0-9]{1,10}@[A-Za-z0-9.-]{1,100}")
_CELERY_FIELDS: Final = frozenset({*Headers.model_fields, *Protocol1Body.model_fields})


def describe_refused(
    queue: str, raw: bytes, refused: MessageRefusedError, *, now: datetime
) -> RefusedMessage:
    """Return what may be stored of a refused message."""
    fields = _fields(raw) if len(raw) <= MAX_BYTES else {}
    given = {name: value for name, value in fields.items() if value is not None}
    shape = [f"{name} {type(given[name]).__name__}" for name in given if name in _CELERY_FIELDS]
    if len(shape) < len(given):
        shape.append(f"{len(given) - len(shape)} of the sender's own")
    return RefusedMessage(
        refused_at=now,
        queue=queue,
        reason=refused.reason,
        detail=str(refused)[:_MAX_TEXT],
        size_bytes=len(raw),
        sha256=hashlib.sha256(raw).hexdigest(),
        task=_if_matches(_TASK, fields.get("task")),
        message_id=_if_matches(_ID, fields.get("id")),
        origin=_if_matches(_ORIGIN, fields.get("origin")),
        shape=", ".join(shape)[:_MAX_TEXT] or None,
    )


def _fields(raw: bytes) -> Mapping[str, Any]:
    """Return the headers, or for protocol 1 the fields of the body; {} if they can't be read."""
    try:
        envelope = json.loads(raw)
        headers = envelope["headers"] or json.loads(base64.b64decode(envelope["body"]))
    except (ValueError, TypeError, KeyError, RecursionError):
        return {}
    return headers if isinstance(headers, dict) else {}


def _if_matches(form: re.Pattern[str], value: object) -> str | None:
    return value if isinstance(value, str) and form.fullmatch(value) else None
