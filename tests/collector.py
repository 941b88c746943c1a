"""An OpenTelemetry collector in this process: it takes spans by OTLP over HTTP, as protobuf."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


@dataclass(frozen=True)
class Span:
    """One received span. Ids are hexadecimal; `texts` has every name and value that a person could read."""

    service: str
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    attributes: dict[str, str]
    texts: tuple[str, ...]


class Collector:
    """What was received so far."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._spans: list[Span] = []
        self._lock = threading.Lock()

    def receive(self, body: bytes) -> None:
        """Keep the spans of one request. Raises protobuf's DecodeError."""
        request = ExportTraceServiceRequest.FromString(body)
        found = [
            _span(service, span)
            for resource in request.resource_spans
            for service in [_values(resource.resource.attributes)["service.name"]]
            for scope in resource.scope_spans
            for span in scope.spans
        ]
        with self._lock:
            self._spans += found

    def spans(self, trace_id: int | None = None) -> list[Span]:
        """Return the spans of a trace, or all."""
        with self._lock:
            return [each for each in self._spans if trace_id is None or each.trace_id == f"{trace_id:032x}"]


def _values(attributes: object) -> dict[str, str]:
    found = {}
    for each in attributes:  # type: ignore[attr-defined]  # protobuf's messages are untyped here
        kind = each.value.WhichOneof("value")
        found[each.key] = str(getattr(each.value, kind))
    return found


def _span(service: str, span: object) -> Span:
    attributes = _values(span.attributes)  # type: ignore[attr-defined]  # as above
    return Span(
        service=service,
        name=span.name,  # type: ignore[attr-defined]  # as above
        trace_id=span.trace_id.hex(),  # type: ignore[attr-defined]  # as above
        span_id=span.span_id.hex(),  # type: ignore[attr-defined]  # as above
        parent_id=span.parent_span_id.hex(),  # type: ignore[attr-defined]  # as above
        attributes=attributes,
        texts=(str(span), *attributes.values()),
    )


@contextmanager
def run_collector() -> Iterator[Collector]:
    """Run a collector on a free port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            collector.receive(self.rfile.read(int(self.headers["Content-Length"])))
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collector = Collector(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield collector
    server.shutdown()
    server.server_close()
    thread.join()
