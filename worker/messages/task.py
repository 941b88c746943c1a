"""Check the messages of tasks, as Celery 5 publishes them with its protocols 2 and 1.

Celery trusts its messages: a field of the wrong type raises in its event loop, and the worker ends
(celery#7975). So every field that Celery reads is declared here, and malformed messages never reach it.
Unknown headers are allowed, because tracing tools send some.
"""

import re
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Self

from celery.app.task import Context
from pydantic import AfterValidator, ConfigDict, Field, model_validator

from worker.messages.envelope import (
    Count,
    Id,
    Seconds,
    Short,
    StrictModel,
    read_body,
    read_envelope,
    validate_as,
)
from worker.rules.wire.contract_version import check_version
from worker.rules.wire.refusals import MessageRefusedError, Refusal

MAX_ETA_AHEAD: Final = timedelta(seconds=30)
"""How far an ETA may be ahead of this worker's clock: the tolerated error of a client's clock."""

_MAX_OTHERS: Final = 64
_MAX_NAME: Final = 128
_REQUEST_ATTRIBUTES: Final = frozenset(dir(Context))
"""A header with one of these names would replace an attribute or method of the task's request."""


_ISO: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)?")


def parse_instant(text: str) -> datetime:
    """Return the instant of an ISO 8601 text. Without a zone it is UTC, as for Celery.

    Raises ValueError for an invalid text, and for an instant outside the years that UTC can represent.
    """
    if not _ISO.fullmatch(text):
        raise ValueError("not a time in the form 2026-11-28T09:00:00+00:00")
    found = datetime.fromisoformat(text)
    try:
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except OverflowError:
        raise ValueError("UTC has no such year") from None


def _is_instant(text: str) -> str:
    parse_instant(text)
    return text


def _is_stamp(stamps: dict[str, Any]) -> dict[str, Any]:
    for stamp in stamps.values():
        if not all(isinstance(one, str | int | float | None) for one in _listed(stamp)):
            raise ValueError("a stamp is a text, a number or a list of these")
    return stamps


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


Repr = Annotated[str, Field(max_length=20_000)]
Instant = Annotated[str, Field(max_length=40), AfterValidator(_is_instant)]


class _TaskFields(StrictModel):
    """The fields of a task: in the headers in protocol 2, in the body in protocol 1."""

    model_config = ConfigDict(extra="allow")

    task: Id
    id: Id
    root_id: Short | None = None
    parent_id: Short | None = None
    group: Short | None = None
    group_index: Count | None = None
    shadow: Short | None = None
    lang: Short | None = None
    origin: Short | None = None
    argsrepr: Repr | None = None
    kwargsrepr: Repr | None = None
    eta: Instant | None = None
    expires: Instant | None = None
    retries: Count = 0
    timelimit: Annotated[list[Seconds | None], Field(min_length=2, max_length=2)] | None = None
    ignore_result: bool | None = None
    replaced_task_nesting: Count | None = None
    stamps: Annotated[dict[str, Any], AfterValidator(_is_stamp)] | None = None
    stamped_headers: Annotated[list[Short], Field(max_length=_MAX_OTHERS)] | None = None

    @model_validator(mode="after")
    def _others(self) -> Self:
        others = self.model_extra or {}
        if len(others) > _MAX_OTHERS or any(len(name) > _MAX_NAME for name in others):
            raise ValueError(
                f"more than {_MAX_OTHERS} fields of the sender's own, or one with too long a name"
            )
        if not _REQUEST_ATTRIBUTES.isdisjoint(others):
            raise ValueError("a field has the name of something that Celery itself keeps with a task")
        return self


class Headers(_TaskFields):
    """The headers of protocol 2."""

    compression: None = None  # the size of the decompressed body has no bound
    redelivered: bool = False
    headers: dict[str, Any] | None = None  # tracing tools store a second copy of their headers here
    hostname: Short | None = None  # this and the next are overwritten before they are read
    correlation_id: Short | None = None


class Signature(StrictModel):  # type: ignore[no-redef]  # the mypy plugin's own **kwargs
    """A task that follows another."""

    task: Id
    args: list[Any] = Field(default_factory=list)
    kwargs: dict[str, Any] = Field(default_factory=dict)
    options: dict[str, Any] = Field(default_factory=dict)


class Embedded(StrictModel):
    """The tasks that follow another."""

    model_config = ConfigDict(extra="forbid")

    callbacks: list[Signature] | None = None
    errbacks: list[Signature] | None = None
    chain: list[Signature] | None = None
    chord: Signature | None = None


class Body(StrictModel):  # type: ignore[no-redef]  # the mypy plugin's own **kwargs
    """The body in protocol 2, with names for its three parts."""

    args: list[Any]
    kwargs: dict[str, Any]
    embed: Embedded | None


class Protocol1Body(_TaskFields):  # type: ignore[no-redef]  # the mypy plugin's own **kwargs
    """The body in protocol 1."""

    args: list[Any] = Field(default_factory=list)
    kwargs: dict[str, Any] = Field(default_factory=dict)
    utc: bool = True
    taskset: Short | None = None
    callbacks: list[Signature] | None = None
    errbacks: list[Signature] | None = None
    chord: Signature | None = None


def check_task(
    raw: bytes,
    *,
    now: datetime,
    is_task: Callable[[str], bool],
    argument_names: Collection[str] = frozenset(),
) -> None:
    """Check that Celery can process the message of a task, and start it now. Raises MessageRefusedError.

    `is_task` says whether a task of that name is registered. `argument_names` are those that errors may tell.
    """
    envelope = read_envelope(raw)
    body = read_body(envelope, names=argument_names)
    headers = envelope.headers
    task: _TaskFields
    if "task" in headers or isinstance(body, list):
        task = validate_as(Headers, headers, Refusal.BAD_HEADER)
        if not isinstance(body, list) or len(body) != 3:
            raise MessageRefusedError(Refusal.BAD_BODY, "not a list of args, kwargs and what follows")
        args, kwargs, embed = body
        arguments = validate_as(
            Body, {"args": args, "kwargs": kwargs, "embed": embed}, Refusal.BAD_BODY
        ).kwargs
    else:
        task = old = validate_as(Protocol1Body, body, Refusal.BAD_BODY)
        arguments = old.kwargs
        if headers.get("compression"):
            raise MessageRefusedError(Refusal.BAD_HEADER, "compression: compressed messages are not accepted")
    if task.eta is not None and parse_instant(task.eta) > now + MAX_ETA_AHEAD:
        raise MessageRefusedError(
            Refusal.SCHEDULED,
            f"eta: more than {MAX_ETA_AHEAD.seconds} seconds ahead; "
            "send it when it is due, or use a schedule",
        )
    if not is_task(task.task):
        raise MessageRefusedError(Refusal.UNKNOWN_TASK, "no task with this name is registered here")
    check_version(arguments)
