"""The outermost middleware: correlation id, request log, security headers, and 500 for unexpected errors."""

import logging
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Final

from fastapi import FastAPI
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api_stub.console.console import render_fault
from api_stub.console.headers import HEADERS
from api_stub.http.access.guard import HEALTH, METRICS, READY
from api_stub.http.problems import is_console, problem_response
from api_stub.http.route_template import find_route_template, known_method, list_successes
from api_stub.http.successors import build_headers
from worker import clock, logs, metrics
from worker.metrics.error_types import http_error_type
from worker.rules.wire.correlation import valid_correlation_id
from worker.rules.wire.trace_ids import TRACEPARENT, SpanIds, parse_traceparent
from worker.tracing import spans
from worker.tracing.spans import OpenSpan, SpanRole

CORRELATION_ID = "X-Correlation-ID"

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}
"""Set on every response that doesn't set them itself."""

PROBES: Final = frozenset({HEALTH, READY, METRICS})
"""Asked every few seconds."""

log = logs.get_logger(__name__)


class RequestContext:
    """The outermost middleware of the application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; an unexpected exception is logged and answered with 500."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        correlation_id, caller = _identify(Headers(scope=scope))
        state = scope.setdefault("state", {})
        state["correlation_id"] = correlation_id
        method, route, status = known_method(scope), find_route_template(scope), 0
        began_s = answered_s = clock.monotonic_seconds()

        async def complete(message: Message) -> None:
            nonlocal status, answered_s
            if message["type"] == "http.response.start":
                status, answered_s = message["status"], clock.monotonic_seconds()
                headers = MutableHeaders(scope=message)
                headers[CORRELATION_ID] = correlation_id
                for name, value in {**_headers_for(scope), **build_headers(route, scope)}.items():
                    headers.setdefault(name, value)
            await send(message)

        with logs.bound(correlation_id=correlation_id), _span(method, route, correlation_id, caller) as span:
            try:
                await self._app(scope, receive, complete)
            except Exception as error:
                log.exception("request_failed", route=route, error=type(error).__name__)
                if not status:
                    failed = (
                        render_fault(Request(scope), 500)
                        if is_console(Request(scope))
                        else problem_response(500, "the log says more, under the correlation id")
                    )
                    await failed(scope, receive, complete)
            span.set({"http.response.status_code": status})
            ended_s = answered_s if state.get("is_stream") else clock.monotonic_seconds()
            seconds = ended_s - began_s  # of a stream, until it begins
            _count(route, method, status, seconds)
            log.log(
                _level(route, status),
                "request",
                method=method,
                route=route,
                status=status,
                duration_ms=round(seconds * 1000, 1),
                key=state.get("key"),
                user=state.get("user"),
            )


def _headers_for(scope: Scope) -> Mapping[str, str]:
    return SECURITY_HEADERS | HEADERS if is_console(Request(scope)) else SECURITY_HEADERS


def expose_routes(app: FastAPI) -> None:
    """Expose the latency of each route from now on, at 0: of its methods, with the status of success."""
    for route, method, status in list_successes(app):
        metrics.HTTP_SECONDS.labels(route, method, str(status))


def _count(route: str, method: str, status: int, seconds: float) -> None:
    """Count a request; status 0: its client left before the answer began."""
    metrics.HTTP_SECONDS.labels(route, method, str(status or "none")).observe(seconds)
    if status >= 400:
        metrics.ERRORS.labels(http_error_type(status), "http").inc()


def _identify(headers: Headers) -> tuple[str, SpanIds | None]:
    """Return the request's correlation id, and the caller's span if it sends one.

    The id is the caller's if it is valid, else the id of the caller's trace, else a new one.
    """
    caller = parse_traceparent(headers.get(TRACEPARENT))
    given = valid_correlation_id(headers.get(CORRELATION_ID))
    own = f"{caller.trace_id:032x}" if caller else logs.new_correlation_id()
    return given or own, caller


def _span(
    method: str, route: str, correlation_id: str, caller: SpanIds | None
) -> AbstractContextManager[OpenSpan]:
    """Return the span of a request; probes have none."""
    if route in PROBES:
        return nullcontext(spans.NO_SPAN)
    about = {"http.request.method": method, "http.route": route}
    return spans.story(f"{method} {route}", correlation_id, about, role=SpanRole.SERVER, parent=caller)


def _level(route: str, status: int) -> int:
    if status >= 500:  # 503 passes by itself, and its cause has a line
        return logging.WARNING if status == 503 else logging.ERROR
    if status >= 400:
        return logging.WARNING
    return logging.DEBUG if route in PROBES else logging.INFO
