"""Open spans. Every function does nothing until `start` was called, and imports nothing of OpenTelemetry.

Attributes are ids, codes and numbers, never message texts, names or addresses. Of an error there is only its
type, because its text may hold them.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import Enum, auto
from types import MappingProxyType
from typing import Protocol
from uuid import UUID

from worker import logs
from worker.errors import ConfigurationError
from worker.extras import Extra, how_to_install, is_installed
from worker.rules.wire.trace_ids import SpanIds, campaign_span, derive_trace_id, format_traceparent
from worker.settings import Settings

Attributes = Mapping[str, str | int | float | bool]


class SpanRole(Enum):
    """OpenTelemetry's kind of a span."""

    INTERNAL = auto()
    SERVER = auto()
    CLIENT = auto()
    PRODUCER = auto()
    CONSUMER = auto()


class OpenSpan(Protocol):
    """A span that has begun."""

    def set(self, attributes: Attributes) -> None:
        """Add attributes."""

    def end(self, error: BaseException | None = None) -> None:
        """End it, as failed if there is an error."""


class Tracer(Protocol):
    """The interface of the tracer in `worker/tracing/otlp.py`, which is imported only if traces are on."""

    def current(self) -> SpanIds | None:
        """Return the span that is open here, if any."""

    def begin(
        self,
        name: str,
        role: SpanRole,
        attributes: Attributes,
        *,
        trace_id: int | None = None,
        parent: SpanIds | None = None,
        span_id: int | None = None,
        is_current: bool = True,
    ) -> OpenSpan:
        """Begin a span: below `parent`, at the top of the trace `trace_id`, or below the current span.

        `is_current`: spans that begin before its end are below it.
        """

    def close(self) -> None:
        """Send what waits, for a bounded time."""


class _NoSpan:
    def set(self, attributes: Attributes) -> None:
        pass

    def end(self, error: BaseException | None = None) -> None:
        pass


NO_SPAN: OpenSpan = _NoSpan()
_tracers: list[Tracer] = []


def check_installed() -> None:
    """Raise ConfigurationError if the extra `otel` is not installed."""
    if not is_installed(Extra.OTEL):
        raise ConfigurationError(
            f"RAPPORT_TRACES is on, but OpenTelemetry isn't installed: {how_to_install(Extra.OTEL)}, "
            "or unset RAPPORT_TRACES"
        )


def start(settings: Settings, service: str) -> None:
    """Trace this process from now on, if the settings say so. Call it after a fork, never before.

    Raises ConfigurationError if OpenTelemetry is not installed.
    """
    if not settings.traces:
        return
    check_installed()
    from worker.tracing.otlp import OtlpTracer  # noqa: PLC0415 -- takes time, and is not always installed

    stop()
    _tracers.append(OtlpTracer(settings.otlp_endpoint, service))


def stop() -> None:
    """Send what waits, for at most seconds, and trace no more."""
    while _tracers:
        _tracers.pop().close()


def is_on() -> bool:
    """Return whether this process traces."""
    return bool(_tracers)


@contextmanager
def span(
    name: str, attributes: Attributes = MappingProxyType({}), role: SpanRole = SpanRole.INTERNAL
) -> Iterator[OpenSpan]:
    """Run the block in a span below the current one; without a current one there is none."""
    if not _tracers or _tracers[0].current() is None:
        yield NO_SPAN
        return
    opened = _tracers[0].begin(name, role, attributes)
    with _ending(opened):
        yield opened


def begin_client_span(name: str, attributes: Attributes) -> OpenSpan:
    """Begin a call of another server, below the current span as with `span`. The caller ends it."""
    if not _tracers or _tracers[0].current() is None:
        return NO_SPAN
    return _tracers[0].begin(name, SpanRole.CLIENT, attributes, is_current=False)


@contextmanager
def story(
    name: str,
    correlation_id: str,
    attributes: Attributes = MappingProxyType({}),
    *,
    role: SpanRole = SpanRole.INTERNAL,
    parent: SpanIds | None = None,
) -> Iterator[OpenSpan]:
    """Run the block in a span of the correlation id's trace.

    It is below the current span if that is of this trace, else below `parent` if that is, else at the top.
    """
    if not _tracers:
        yield NO_SPAN
        return
    tracer, trace_id = _tracers[0], derive_trace_id(correlation_id)
    given = {"rapport.correlation_id": correlation_id, **attributes}
    current = tracer.current()
    if current is not None and current.trace_id == trace_id:
        opened = tracer.begin(name, role, given)
    elif parent is not None and parent.trace_id == trace_id:
        opened = tracer.begin(name, role, given, parent=parent)
    else:
        opened = tracer.begin(name, role, given, trace_id=trace_id)
    with _ending(opened):
        yield opened


def mark_campaign(campaign_id: UUID, kind: str) -> None:
    """Leave the span of a new campaign: what its actions do later is below it."""
    if not _tracers:
        return
    tracer, correlation_id = _tracers[0], logs.current_correlation_id()
    ids, current = campaign_span(correlation_id, campaign_id), tracer.current()
    is_below = current is not None and current.trace_id == ids.trace_id
    tracer.begin(
        "campaign",
        SpanRole.INTERNAL,
        {"rapport.campaign.id": str(campaign_id), "rapport.kind": kind},
        trace_id=None if is_below else ids.trace_id,
        span_id=ids.span_id,
        is_current=False,
    ).end()


def current_traceparent() -> str | None:
    """Return the header that names the current span, if there is one."""
    current = _tracers[0].current() if _tracers else None
    return format_traceparent(current) if current is not None else None


@contextmanager
def _ending(opened: OpenSpan) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        opened.end(error)
        raise
    opened.end()
