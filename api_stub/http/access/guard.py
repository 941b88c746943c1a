"""The checks before a request is routed: its headers, the key, the body's limits, a free slot."""

import asyncio
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api_stub.console.paths import ENTER, LIVE, STOP, find_section
from api_stub.http.access.allowed_hosts import AllowedHosts
from api_stub.http.access.api_key import KeyCheck, read_key
from api_stub.http.access.console_guard import ConsoleGuard, add_cookie
from api_stub.http.access.key_in_url import check_no_key_in_url
from api_stub.http.access.route_scopes import find_needed_scopes
from api_stub.http.faults import Fault
from api_stub.http.limits.request_limits import RequestRejected, check_head, read_body
from api_stub.http.limits.uploads import is_upload, limit_upload
from api_stub.http.problems import fault_response, unavailable_response
from api_stub.http.v1.caller import require_scopes
from worker.settings import Settings

HEALTH, READY, METRICS, KILL_SWITCH = "/health", "/ready", "/metrics", "/control/kill-switch"
V1_PATHS: Final = "/v1/"
KILL_SWITCHES: Final = frozenset({KILL_SWITCH, "/v1/kill-switch"})
"""A key that has used up its rate may still stop everything."""
KEYLESS_PATHS: Final = frozenset({HEALTH, READY, "/docs", "/openapi.json"})
"""Answered without the key. None of them reads a body, blocks a shared thread, or shows account data."""
PROBLEM_PATHS: Final = "/problems/"
"""The pages of the types of problems: whoever has no key may have the most to ask."""
SIGN_IN_PATHS: Final = frozenset(
    f"/sign-in{rest}" for rest in ("", "/page.js", "/page.css", "/open", "/frames", "/input")
)
"""Opened with a one-time link in place of the key (routes/sign_in.py)."""
APPROVE_PATHS: Final = "/approve/"
"""Opened with the token in the address in place of the key (routes/approve_by_link.py)."""
EVENTS: Final = "/v1/events"
_SLOTLESS_PATHS: Final = KEYLESS_PATHS | SIGN_IN_PATHS | KILL_SWITCHES | {METRICS, EVENTS}
"""These need no slot: they don't wait for Postgres, or they wait in threads of their own."""
_VITAL_PATHS: Final = KILL_SWITCHES | {READY, METRICS}
"""These answer also while Postgres doesn't."""
_ANY_HOST_PATHS: Final = frozenset({HEALTH, READY})
"""Load balancers ask for these by a name or address of their own."""
_SLOTLESS_SECTIONS: Final = frozenset({ENTER, LIVE, STOP})
"""The same of the console: people who sign in wait in threads of their own, live updates last, and whoever
stops everything waits for nobody."""


MAX_CONCURRENT_REQUESTS: Final = 32
"""Fewer than anyio's 40 threads, so that some are left for /metrics."""
SLOT_TIMEOUT_S: Final = 5.0


class Guard:
    """Middleware that refuses a request or passes it on with its whole body."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._hosts = AllowedHosts(settings)
        self._keys = KeyCheck(settings)
        self._console = ConsoleGuard(settings)
        self._open = KEYLESS_PATHS | {METRICS} if settings.open_metrics else KEYLESS_PATHS
        self._places = asyncio.Semaphore(MAX_CONCURRENT_REQUESTS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check headers, key, scope and body in this order: without a right key, the body is never read."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        section, send = find_section(scope["path"]), _add_rate(scope, send)
        try:
            check_head(scope)
            if scope["path"] not in _ANY_HOST_PATHS:
                self._hosts.check(scope)
            check_no_key_in_url(scope)
            if section is None:
                await self._find_caller(scope)
            elif (cookie := await self._console.admit(scope, section)) is not None:
                send = add_cookie(send, cookie)
            receive = await self._take_body(scope, section, receive)
            needs_slot = (
                scope["path"] not in _SLOTLESS_PATHS
                and not scope["path"].startswith(PROBLEM_PATHS)
                and section not in _SLOTLESS_SECTIONS
            )
            async with _Slot(self._places, needs_slot):
                await self._app(scope, receive, send)
        except RequestRejected as refused:
            await refused.response(scope, receive, send)
        except ClientDisconnect:
            return  # nobody waits for a response

    async def _take_body(self, scope: Scope, section: str | None, receive: Receive) -> Receive:
        """Read the body and return a `receive` that has it; an uploaded file is read later, in pieces."""
        if is_upload(scope, section):
            return limit_upload(scope, receive)
        is_form = section is not None or scope["path"].startswith(APPROVE_PATHS)
        body = b"" if self._is_open(scope["path"]) else await read_body(scope, receive, is_form=is_form)
        return _replay_body(body, receive)

    def _is_open(self, path: str) -> bool:
        return path in self._open or path.startswith(PROBLEM_PATHS)

    async def _find_caller(self, scope: Scope) -> None:
        path = scope["path"]
        scope["state"]["known"] = False
        if path in SIGN_IN_PATHS or path.startswith(APPROVE_PATHS):
            return
        if self._is_open(path) and not (path == READY and read_key(Headers(scope=scope)) is not None):
            return
        caller = await self._keys.find_caller(
            scope, is_vital=path in _VITAL_PATHS, is_unlimited=path in KILL_SWITCHES
        )
        scope["state"]["known"] = True
        scope["state"]["caller"] = caller
        scope["state"]["key"] = caller.name
        try:
            require_scopes(caller, () if self._is_open(path) else find_needed_scopes(scope))
        except Fault as fault:
            raise RequestRejected(fault_response(fault)) from None


def _add_rate(scope: Scope, send: Send) -> Send:
    """Return a `send` that adds what is left of the rate of the request's key, if it has one."""

    async def send_with_rate(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(scope["state"].get("rate_headers", {}))
        await send(message)

    return send_with_rate


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
