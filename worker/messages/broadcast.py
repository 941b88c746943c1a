"""Check messages that are not tasks: remote control commands, their replies, and events.

Every subscriber receives them, workers and Flower alike, so one that breaks a reader breaks them all.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from celery.events.state import Task, Worker
from pydantic import ConfigDict, Field, model_validator

from worker.messages.envelope import (
    Count,
    Envelope,
    Id,
    Seconds,
    Short,
    StrictModel,
    read_body,
    read_envelope,
    validate_as,
)
from worker.rules.wire.refusals import MessageRefusedError, Refusal

_ELECTION: Final = "worker.elect"

Clock = Annotated[int, Field(ge=0, lt=2**53)]
"""A Lamport clock. Every process adopts the highest value, so a huge one would stay for ever."""

Scalar = str | int | float | bool | None
Number = Annotated[float, Field(ge=-1e12, le=1e12, allow_inf_nan=False)]
Workers = Annotated[int, Field(ge=1, le=64)]


class _Headers(StrictModel):
    clock: Clock | None = None
    expires: Number | None = None
    ticket: Short | None = None
    hostname: Short | None = None


class _ReplyTo(StrictModel):
    exchange: Short
    routing_key: Short


class Command(StrictModel):
    """A remote control command."""

    model_config = ConfigDict(extra="forbid")

    method: Id
    arguments: dict[str, Any] | None = None
    destination: Annotated[list[Short], Field(max_length=1000)] | None = None
    pattern: Short | None = None
    matcher: Literal["glob"] | None = None  # the other matcher, regular expressions, could run for ever
    ticket: Short | None = None
    reply_to: _ReplyTo | None = None


class _Arguments(StrictModel):
    model_config = ConfigDict(extra="forbid")


class _Queue(_Arguments):
    queue: Id
    exchange: Short | None = None
    exchange_type: Literal["direct", "topic", "fanout"] | None = None
    routing_key: Short | None = None


class _Pool(_Arguments):
    n: Workers = 1


class _TimeLimit(_Arguments):
    task_name: Id
    hard: Seconds | None = None
    soft: Seconds | None = None


class _RateLimit(_Arguments):
    task_name: Id
    rate_limit: Annotated[str, Field(pattern=r"^\d{1,9}(\.\d{1,9})?(/[smh])?$")] | Count | None


_CHECKED_ARGUMENTS: Final[Mapping[str, type[_Arguments]]] = {
    "add_consumer": _Queue,
    "cancel_consumer": _Queue,
    "pool_grow": _Pool,
    "pool_shrink": _Pool,
    "time_limit": _TimeLimit,
    "rate_limit": _RateLimit,
}
"""Commands whose arguments Celery uses outside its own error handling."""


class Event(StrictModel):
    """An event of a worker or a client. Readers store any other field as an attribute."""

    model_config = ConfigDict(extra="allow")

    type: Annotated[str, Field(pattern=r"^[a-z]{1,20}(-[a-z_-]{1,40})?$")]
    hostname: Id
    timestamp: Number
    clock: Clock | None = None
    utcoffset: Annotated[float, Field(ge=-24, le=24)] | None = None
    local_received: Number | None = None
    pid: Annotated[int, Field(ge=0)] | None = None
    freq: Annotated[float, Field(gt=0, le=86_400)] | None = None
    active: Count | None = None
    processed: Annotated[int, Field(ge=0)] | None = None
    loadavg: Annotated[list[Number], Field(max_length=8)] | None = None
    uuid: Id | None = None
    name: Short | None = None
    root_id: Short | None = None
    parent_id: Short | None = None
    runtime: Number | None = None

    @model_validator(mode="after")
    def _others(self) -> "Event":
        others = self.model_extra or {}
        if not _ATTRIBUTES.isdisjoint(others):
            raise ValueError(
                "a field has the name of something that Celery itself keeps with a worker or a task"
            )
        if not all(isinstance(value, Scalar) for value in others.values()):
            raise ValueError("a field is neither text nor number")
        if self.type.startswith("task-") and (self.uuid is None or self.clock is None):
            raise ValueError("an event of a task without its id and clock")
        return self


_ATTRIBUTES: Final = frozenset({*dir(Worker), *dir(Task), "cluster_state"}).difference(
    Worker._fields, Task._fields
) | {"heartbeats", "worker", "children", "parent", "root", "state"}


class _Events(StrictModel):
    events: Annotated[list[Event], Field(max_length=10_000)]


def check_command(raw: bytes) -> None:
    """Check a remote control command. Raises MessageRefusedError for one that could break a worker."""
    _, body = _read(raw, Refusal.BAD_COMMAND)
    command = validate_as(Command, body, Refusal.BAD_COMMAND)
    if command.method == "election":
        raise MessageRefusedError(Refusal.BAD_COMMAND, "elections are not used")
    form = _CHECKED_ARGUMENTS.get(command.method)
    if form is not None:
        validate_as(form, command.arguments or {}, Refusal.BAD_COMMAND)


def check_reply(raw: bytes) -> None:
    """Check a worker's reply to a command. Raises MessageRefusedError."""
    _, body = _read(raw, Refusal.BAD_REPLY, any_text=True)
    if not isinstance(body, dict):
        raise MessageRefusedError(Refusal.BAD_REPLY, "not an object of a worker's name and its answer")


def check_event(raw: bytes) -> None:
    """Check an event or a list of events. Raises MessageRefusedError."""
    envelope, body = _read(raw, Refusal.BAD_EVENT, any_text=True)  # a failed task's error may hold anything
    routing_key = envelope.properties.delivery_info.routing_key
    if routing_key.startswith(_ELECTION):
        raise MessageRefusedError(Refusal.BAD_EVENT, "elections are not used")
    if isinstance(body, list) and not routing_key.startswith("task."):
        raise MessageRefusedError(Refusal.BAD_EVENT, "only events of tasks come in lists")
    validate_as(_Events, {"events": body if isinstance(body, list) else [body]}, Refusal.BAD_EVENT)


def _read(raw: bytes, otherwise: Refusal, *, any_text: bool = False) -> tuple[Envelope, object]:
    envelope = read_envelope(raw)
    validate_as(_Headers, envelope.headers, otherwise)
    return envelope, read_body(envelope, any_text=any_text)
