"""Limits on connections: their number, and the time of a request and its response.

uvicorn has none of these limits: a client that sends a byte now and then keeps its connection for ever.
"""

import asyncio
import sys
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from api_stub.http.problems import problem_response
from api_stub.http.request_context import SECURITY_HEADERS
from worker import metrics
from worker.metrics.error_types import http_error_type

MAX_CONNECTIONS: Final = 500
"""Half of the usual limit of file descriptors for a process."""
REQUEST_TIMEOUT_S: Final = 20.0
"""From the start of the connection, or the end of the previous request, to the last byte of the request."""
RESPONSE_TIMEOUT_S: Final = 90.0
"""From the last byte of the request to the last byte of the response."""
MAX_INCOMPLETE_BYTES: Final = 65_536


class BoundedProtocol(H11Protocol):
    """One connection. It is closed if it is too slow, or for a new one if there are too many.

    An upload and an export may take longer than other requests: they count their pieces as `progress` in the
    request's state, and have the time anew as long as it grows.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Accept the connection; if there are too many, close the one that has been idle longest."""
        super().connection_made(transport)
        self._is_whole = False
        self._progress = 0
        self._end_at(REQUEST_TIMEOUT_S)
        if len(self.connections) > MAX_CONNECTIONS:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the deadline of the connection."""
        self._end.cancel()
        super().connection_lost(exc)

    def handle_events(self) -> None:
        """Process received bytes, and set the deadline when the request becomes complete."""
        super().handle_events()
        whole = self.conn.their_state in {h11.DONE, h11.MUST_CLOSE}
        if whole is not self._is_whole and not self.transport.is_closing():
            self._is_whole = whole
            self._end.cancel()
            self._progress = self._read_progress()
            self._end_at(RESPONSE_TIMEOUT_S if whole else REQUEST_TIMEOUT_S)

    def shutdown(self) -> None:
        """Let a response finish. A stream ends: by its own `end_stream` if it has one, else at once."""
        if self.cycle is not None and self.scope["state"].get("is_stream"):
            self.scope["state"].get("end_stream", self.transport.close)()
        super().shutdown()

    def send_400_response(self, msg: str) -> None:
        """Answer invalid HTTP, or headers that are too large, with a problem document."""
        error = sys.exception()
        status = (
            getattr(error, "error_status_hint", 400) if isinstance(error, h11.RemoteProtocolError) else 400
        )
        metrics.ERRORS.labels(http_error_type(status), "http").inc()  # no middleware sees it
        answer = problem_response(status, msg, {**SECURITY_HEADERS, "Connection": "close"})
        for event in (
            h11.Response(status_code=status, headers=answer.raw_headers, reason=b""),
            h11.Data(data=bytes(answer.body)),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _make_room(self) -> None:
        # A connection that is being closed stays in the set until the event loop handles it.
        others = (one for one in self.connections if isinstance(one, BoundedProtocol))
        still_open = [one for one in others if not one.transport.is_closing()]
        if len(still_open) > MAX_CONNECTIONS:
            min(still_open, key=BoundedProtocol._use).transport.abort()

    def _end_at(self, seconds: float) -> None:
        self._ends_at = self.loop.time() + seconds
        self._end = self.loop.call_at(self._ends_at, self._end_unless_it_goes_on)

    def _end_unless_it_goes_on(self) -> None:
        progress = self._read_progress()
        if progress == self._progress:
            self.transport.abort()
            return
        self._progress = progress
        self._end_at(RESPONSE_TIMEOUT_S if self._is_whole else REQUEST_TIMEOUT_S)

    def _read_progress(self) -> int:
        return int(self.scope["state"].get("progress", 0)) if self.scope else 0

    def _use(self) -> tuple[bool, float]:
        return self._is_whole, self._ends_at


def connection_settings() -> dict[str, Any]:
    """Return uvicorn's settings for connections."""
    return {
        "http": BoundedProtocol,
        "ws": "none",
        "h11_max_incomplete_event_size": MAX_INCOMPLETE_BYTES,
        "backlog": 128,
        "server_header": False,
        "proxy_headers": False,  # the client could choose the address in these headers
        "timeout_keep_alive": 5,
    }
