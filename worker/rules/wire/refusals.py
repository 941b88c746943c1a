"""Why a message from the broker is refused, and what is kept of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Refusal(StrEnum):
    """Why a message is not taken."""

    TOO_LARGE = "too_large"
    TOO_DEEP = "too_deep"
    NOT_JSON = "not_json"
    BAD_TEXT = "bad_text"
    BAD_ENVELOPE = "bad_envelope"
    BAD_HEADER = "bad_header"
    BAD_BODY = "bad_body"
    SCHEDULED = "scheduled"
    UNKNOWN_TASK = "unknown_task"
    BAD_COMMAND = "bad_command"
    BAD_EVENT = "bad_event"
    BAD_REPLY = "bad_reply"
    BAD_UNACKED = "bad_unacked"


class MessageRefusedError(Exception):
    """A message is malformed. The text names the field and what is wrong, and never quotes a value."""

    def __init__(self, reason: Refusal, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class RefusedMessage:
    """What is kept of a refused message: enough to find its sender and its fault, and no argument.

    Arguments hold texts and addresses, and any field of a malformed message may hold them by mistake. So
    `task`, `message_id` and `origin` are there only in the form that Celery itself gives them, `shape` is the
    names and types of Celery's own headers without their values, and `sha256` shows whether two messages are
    the same.
    """

    refused_at: datetime
    queue: str
    reason: Refusal
    detail: str
    size_bytes: int
    sha256: str
    task: str | None = None
    message_id: str | None = None
    origin: str | None = None
    shape: str | None = None
