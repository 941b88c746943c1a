"""The checks before a request is routed: its headers, the key, the body's limits, a free slot."""

import asyncio
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api_stub.http.api_key import KeyCheck
from api_stub.http.problems import unavailable_response
from api_stub.http.request_limits import RequestRejected, check_head, read_body
from worker.settings import Settings

HEALTH, READY, METRICS, KILL_SWITCH = "/health", "/ready", "/metrics", "/control/kill-switch"
KEYLESS_PATHS: Final = frozenset({HEALTH, READY, "/docs", "/openapi.json"})
"""Answered without the key. None of them reads a body, blocks a shared thread, or shows account data."""
SIGN_IN_PATHS: Final = frozenset(
    f"/sign-in{rest}" for rest in ("", "/page.js", "/page.css", "/open", "/frames", "/input")
)
"""Opened with a one-time link in place of the key (routes/sign_in.py)."""
_SLOTLESS_PATHS: Final = KEYLESS_PATHS | SIGN_IN_PATHS | {METRICS, KILL_SWITCH}
"""These need no slot: they don't wait for Postgres, or they wait in threads of their own."""

MAX_CONCURRENT_REQUESTS: Final = 32
"""Fewer than anyio's 40 threads, so that some are left for /metrics."""
SLOT_TIMEOUT_S: Final = 5.0


class Guard:
    """Middleware that refuses a request or passes it on with its whole body."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._keys = KeyCheck(settings)
        self._open = KEYLESS_PATHS | {METRICS} if settings.open_metrics else KEYLESS_PATHS
        self._places = asyncio.Semaphore(MAX_CONCURRENT_REQUESTS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check headers, key and body in this order: without the key, the body is never read."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            check_head(scope)
            self._check_key(scope)
            body = b"" if scope["path"] in self._open else await read_body(scope, receive)
            async with _Slot(self._places, scope["path"] not in _SLOTLESS_PATHS):
                await self._app(scope, _replay_body(body, receive), send)
        except RequestRejected as refused:
            await refused.response(scope, receive, send)
        except ClientDisconnect:
            return  # nobody waits for a response

    def _check_key(self, scope: Scope) -> None:
        path, headers = scope["path"], Headers(scope=scope)
        scope["state"]["known"] = False
        if path in SIGN_IN_PATHS:
            return
        if path in self._open and not (path == READY and "X-API-Key" in headers):
            return
        address = scope["client"][0] if scope.get("client") else ""
        refusal = self._keys.check(headers, address, bearer=path == METRICS)
        if refusal is not None:
            raise RequestRejected(refusal)
        scope["state"]["known"] = True


class _Slot:
    """One slot for a request. Raises RequestRejected if none becomes free in time."""

    def __init__(self, places: asyncio.Semaphore, needed: bool) -> None:
        self._places = places
        self._needed = needed

    async def __aenter__(self) -> None:
        if not self._needed:
            return
        try:
            async with asyncio.timeout(SLOT_TIMEOUT_S):
                await self._places.acquire()
        except TimeoutError as error:
            raise RequestRejected(
                unavailable_response(error, "too many requests wait for an answer: try again")
            ) from None

    async def __aexit__(self, *_: object) -> None:
        if self._needed:
            self._places.release()


def _replay_body(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that yields the body that was read, then later messages."""
    given = False

    async def next_message() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return next_message
