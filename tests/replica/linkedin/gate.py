"""Middleware: walls and limits that are switched on, then the session's cookie."""

import asyncio
import secrets
from datetime import timedelta
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api_stub.sandbox.faults import Fault, FaultName
from api_stub.sandbox.gate import withhold_response
from tests.replica.linkedin.shell import bare
from tests.replica.linkedin.world import World

COOKIE = "li_at"
RESTRICTION_PATH = "/flagship-web/login/login-restriction/"
_FREE = (
    "/login", "/uas/login",
    "/checkpoint/", "/authwall", "/flagship-web/login/", "/static-replica/", "/preload/",
    "/_sandbox/",
)  # fmt: skip
_CALLS = ("/voyager/", "/flagship-web/rsc-action/")
HANG = timedelta(seconds=120)


class Gate:
    """ASGI middleware. Calls of a page's script meet a fault only if its prefix says so."""

    def __init__(self, app: ASGIApp, *, world: World) -> None:
        self._app = app
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Apply the faults, lead requests without a session to the sign-in, pass on the others."""
        path = scope.get("path", "")
        if scope["type"] != "http" or path.startswith(_FREE):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        if slow := self._take(FaultName.SLOW, path):
            await asyncio.sleep(float(slow.value or 0) / 1000)
        if self._take(FaultName.HANG, path):
            await withhold_response(receive, HANG)
            return
        if self._take(FaultName.EXPIRED_SESSION, path):
            self._world.record("sign_out")
        answer = self._stop(path) or self._ask_to_sign_in(request)
        await (answer or self._app)(scope, receive, send)

    def _stop(self, path: str) -> Response | None:
        walls = {
            FaultName.CHALLENGE_PAGE: f"/checkpoint/challengesV2/{secrets.token_urlsafe(16)}",
            FaultName.RESTRICTION: RESTRICTION_PATH,
            FaultName.AUTHWALL: f"/authwall?{urlencode({'trk': 'bf', 'sessionRedirect': path})}",
        }
        for name, address in walls.items():
            if self._take(name, path):
                return RedirectResponse(address, 303)
        if self._take(FaultName.CHOOSER, path):
            return bare("wall.html", kind="chooser", title="LinkedIn")
        if self._take(FaultName.LIMIT_PAGE, path):
            return bare(
                "wall.html", kind="limit", title="", heading="Too many requests. Please try again later."
            )
        return self._error(path)

    def _error(self, path: str) -> Response | None:
        for name, status in (
            (FaultName.STATUS_429, 429),
            (FaultName.STATUS_999, 999),
            (FaultName.HTTP_500, 500),
        ):
            if self._take(name, path):
                return bare("wall.html", status=status, kind="error", title="", heading="")
        return None

    def _take(self, name: FaultName, path: str) -> Fault | None:
        fault = self._world.faults.peek(name)
        if fault is None or (path.startswith(_CALLS) and not fault.path_prefix):
            return None
        return self._world.faults.take(name, path)

    def _ask_to_sign_in(self, request: Request) -> Response | None:
        if request.cookies.get(COOKIE) in self._world.sessions:
            return None
        if request.url.path.startswith(_CALLS):
            return Response(status_code=401)
        return RedirectResponse(f"/uas/login?{urlencode({'session_redirect': request.url.path})}", 303)
