"""Spans of OpenTelemetry's SDK, sent by OTLP over HTTP."""

import logging
import threading
from collections.abc import Sequence
from contextlib import suppress
from contextvars import ContextVar
from importlib.metadata import version
from typing import Final

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import SpanKind, Status, StatusCode

from worker import logs
from worker.rules.wire.trace_ids import SpanIds
from worker.tracing.spans import Attributes, OpenSpan, SpanRole

SEND_EVERY_S: Final = 1.0
SEND_TIMEOUT_S: Final = 3.0
"""For one batch, with its retries. Nothing but the sending thread waits for it."""
LAST_SEND_S: Final = 3.0
"""How long the end of a process may wait for its last spans."""
_MAX_WAITING: Final = 2048
"""Spans that wait for a collector that is away; further ones are dropped."""

log = logs.get_logger(__name__)
_chosen: ContextVar[tuple[int | None, int | None]] = ContextVar("_chosen", default=(None, None))


class _ChosenIds(RandomIdGenerator):
    """Random ids, except where `begin` has chosen them."""

    def generate_trace_id(self) -> int:
        return _chosen.get()[0] or super().generate_trace_id()

    def generate_span_id(self) -> int:
        return _chosen.get()[1] or super().generate_span_id()


class _Exporter(SpanExporter):
    """Sends spans, and logs one warning when the collector is away, until it is back."""

    def __init__(self, address: str) -> None:
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # a line for each try
        self._sender = OTLPSpanExporter(address, timeout=SEND_TIMEOUT_S)
        self._is_away = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._sender.export(spans)
        failed = result is not SpanExportResult.SUCCESS
        if failed and not self._is_away:
            log.warning(
                "traces_not_sent", text="the collector doesn't take spans; they are dropped meanwhile"
            )
        if self._is_away and not failed:
            log.info("traces_sent_again")
        self._is_away = failed
        return result

    def shutdown(self) -> None:
        self._sender.shutdown()  # type: ignore[no-untyped-call]  # untyped there


class _Span:
    def __init__(self, span: trace.Span, *, is_current: bool) -> None:
        self._span = span
        self._token = otel_context.attach(trace.set_span_in_context(span)) if is_current else None

    def set(self, attributes: Attributes) -> None:
        self._span.set_attributes(attributes)

    def end(self, error: BaseException | None = None) -> None:
        if error is not None:
            self._span.set_attribute("error.type", type(error).__name__)
            self._span.set_status(Status(StatusCode.ERROR))
        self._span.end()
        if self._token is not None:
            with suppress(ValueError):  # ended in another context
                otel_context.detach(self._token)


class OtlpTracer:
    """Sends the spans of this process to a collector, from a thread of its own."""

    def __init__(self, endpoint: str, service: str) -> None:
        about = {"service.name": f"rapport-{service}", "service.version": version("rapport")}
        self._provider = TracerProvider(
            sampler=ALWAYS_ON,
            resource=Resource(about),
            id_generator=_ChosenIds(),
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(
            BatchSpanProcessor(
                _Exporter(f"{endpoint.rstrip('/')}/v1/traces"),
                max_queue_size=_MAX_WAITING,
                schedule_delay_millis=SEND_EVERY_S * 1000,
            )
        )
        self._tracer = self._provider.get_tracer("rapport")

    def current(self) -> SpanIds | None:
        """Return the current span."""
        found = trace.get_current_span().get_span_context()
        return SpanIds(found.trace_id, found.span_id) if found.is_valid else None

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
        """Begin a span."""
        context = otel_context.get_current()
        if parent is not None:
            remote = trace.SpanContext(
                parent.trace_id, parent.span_id, is_remote=True, trace_flags=trace.TraceFlags.get_default()
            )
            context = trace.set_span_in_context(trace.NonRecordingSpan(remote))
        elif trace_id is not None:
            context = otel_context.Context()
        token = _chosen.set((trace_id, span_id))
        try:
            begun = self._tracer.start_span(name, context, SpanKind[role.name], attributes)
        finally:
            _chosen.reset(token)
        return _Span(begun, is_current=is_current)

    def close(self) -> None:
        """Send what waits, for `LAST_SEND_S` at most."""
        ending = threading.Thread(target=self._provider.shutdown, daemon=True)
        ending.start()
        ending.join(LAST_SEND_S)
