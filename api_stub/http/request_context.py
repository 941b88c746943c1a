"""The outermost middleware: correlation id, request log, security headers, and 500 for unexpected errors."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api_stub.http.problems import problem_response
from worker import logs
from worker.rules.wire.correlation import valid_correlation_id

CORRELATION_ID = "X-Correlation-ID"

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}
"""Set on every response that doesn't set them itself."""

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
        given = Headers(scope=scope).get(CORRELATION_ID)
        correlation_id = valid_correlation_id(given) or logs.new_correlation_id()
        scope.setdefault("state", {})["correlation_id"] = correlation_id
        # Not decoded: the decoded path may hold control characters, and the log may be a terminal.
        path = scope.get("raw_path", b"")[:200].decode("ascii", "backslashreplace")
        status = 0

        async def complete(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers[CORRELATION_ID] = correlation_id
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        with logs.bound(correlation_id=correlation_id):
            try:
                await self._app(scope, receive, complete)
            except Exception as error:
                log.exception("request_failed", path=path, error=type(error).__name__)
                if not status:
                    failed = problem_response(500, "the log says more, under the correlation id")
                    await failed(scope, receive, complete)
            log.info("request", method=scope["method"], path=path, status=status)
