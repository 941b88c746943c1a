"""Refused messages from the broker: the reason, and what is stored."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Refusal(StrEnum):
    """Why a message is refused."""

    TOO_LARGE = "too_large"
    TOO_DEEP = "too_deep"
    NOT_JSON = "not_json"
    BAD_TEXT = "bad_text"
    BAD_ENVELOPE = "bad_envelope"
    BAD_HEADER = "bad_header"
    BAD_BODY = "bad_body"
    SCHEDULED = "scheduled"
    UNKNOWN_TASK = "unknown_task"
    UNKNOWN_VERSION = "unknown_version"
    BAD_COMMAND = "bad_command"
    BAD_EVENT = "bad_event"
    BAD_REPLY = "bad_reply"
    BAD_UNACKED = "bad_unacked"


class MessageRefusedError(Exception):
    """A message is malformed. The error text names the field and the fault, and never quotes a value."""

    def __init__(self, reason: Refusal, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class RefusedMessage:
    """What is stored of a refused message: enough to find its sender and its fault, but no argument.

    Arguments hold texts and addresses, and any field of a malformed message may hold them by mistake. So
    `task`, `message_id` and `origin` are stored only in the form that Celery gives them. `shape` holds the
    names and types of Celery's own headers, without values. `sha256` tells whether two messages are equal.
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
