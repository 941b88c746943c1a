"""Middleware that applies the active faults, then checks the session."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api_stub.sandbox.faults import FaultName, Faults
from api_stub.sandbox.page_changes import ChangedPages
from api_stub.sandbox.population.members import MEMBERS
from api_stub.sandbox.render import render_notice
from api_stub.sandbox.state import Session, State

COOKIE = "fellow_session"
CHALLENGE_PATH = "/checkpoint/challenge/"
_HANG_TIMEOUT = timedelta(seconds=120)
_CONTROL = "/_sandbox/"
_PUBLIC_PATHS = ("/login", CHALLENGE_PATH)


class Gate:
    """ASGI middleware. Control endpoints pass unchecked, because they have a key of their own."""

    def __init__(self, app: ASGIApp, *, state: State, faults: Faults) -> None:
        self._app = app
        self._state = state
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Apply the faults, redirect requests without a session, pass on the others."""
        if scope["type"] != "http" or scope["path"].startswith(_CONTROL):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        path = request.url.path
        if fault := self._faults.take(FaultName.SLOW, path):
            await asyncio.sleep(float(fault.value or 0) / 1000)
        if self._faults.take(FaultName.HANG, path):
            await withhold_response(receive, _HANG_TIMEOUT)
            return
        if self._faults.take(FaultName.EXPIRED_SESSION, path):
            self._state.sign_out()
        session = self._session(request)
        answer = self._fault_response(path, session) or _redirect_to_login(request, session)
        if answer is not None:
            await answer(scope, receive, send)
            return
        scope.setdefault("state", {})["session"] = session
        changed = ChangedPages(self._faults, path, session.language if session else "en")
        await self._app(scope, receive, changed.wrap(send))

    def _session(self, request: Request) -> Session | None:
        token = request.cookies.get(COOKIE)
        session = self._state.session(token) if token else None
        if session is None:
            return None
        chosen = self._faults.peek(FaultName.LANGUAGE)
        language = str(chosen.value) if chosen else MEMBERS[session.member].language
        return replace(session, language=language)

    def _fault_response(self, path: str, session: Session | None) -> Response | None:
        if self._faults.take(FaultName.CHALLENGE_PAGE, path):
            return RedirectResponse(CHALLENGE_PATH, 303)
        if self._faults.take(FaultName.STATUS_429, path):
            return render_notice("limit", session, status=429)
        if self._faults.take(FaultName.LIMIT_PAGE, path):
            return render_notice("limit", session)
        if self._faults.take(FaultName.HTTP_500, path):
            return render_notice("trouble", session, status=500)
        return None


async def withhold_response(receive: Receive, bound: timedelta) -> None:
    """Send no response until the client disconnects or `bound` has passed."""

    async def disconnected() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    try:
        await asyncio.wait_for(disconnected(), bound.total_seconds())
    except TimeoutError:
        return


def safe_next(target: str | None) -> str:
    """Return `target` if it is a path of this site, else the feed."""
    same_site = target is not None and target.startswith("/") and not target.startswith(("//", "/\\"))
    return target if target and same_site and target.isprintable() else "/feed/"


def _redirect_to_login(request: Request, session: Session | None) -> Response | None:
    if session is not None or request.url.path in _PUBLIC_PATHS:
        return None
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/login?{urlencode({'next': wanted})}", 303)
