"""What is kept of a refused message."""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from worker.rules.refusals import MessageRefusedError, RefusedMessage
from worker.rules.strict_json import MAX_BYTES

_LONG_ENOUGH: Final = 500  # characters
_NAME: Final = re.compile(r"[A-Za-z0-9_.:@-]{1,128}")


def describe(queue: str, raw: bytes, refused: MessageRefusedError, *, now: datetime) -> RefusedMessage:
    """Return what may be kept of a refused message."""
    headers = _headers_of(raw) if len(raw) <= MAX_BYTES else {}
    shape = ", ".join(
        f"{name} {type(value).__name__}" for name, value in headers.items() if _NAME.fullmatch(name)
    )
    return RefusedMessage(
        refused_at=now,
        queue=queue,
        reason=refused.reason,
        detail=str(refused)[:_LONG_ENOUGH],
        size_bytes=len(raw),
        sha256=hashlib.sha256(raw).hexdigest(),
        task=_named(headers.get("task")),
        message_id=_named(headers.get("id")),
        origin=_named(headers.get("origin")),
        shape=shape[:_LONG_ENOUGH] or None,
    )


def _headers_of(raw: bytes) -> Mapping[str, object]:
    try:
        envelope = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    headers = envelope.get("headers") if isinstance(envelope, dict) else None
    return headers if isinstance(headers, dict) else {}


def _named(value: object) -> str | None:
    return value if isinstance(value, str) and _NAME.fullmatch(value) else None
