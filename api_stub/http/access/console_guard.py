"""The checks of a request to the console: where it comes from, and whose session it belongs to."""

from urllib.parse import urlsplit

from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Message, Scope, Send

from api_stub.console.console import render_fault
from api_stub.console.entry.return_path import add_return_path
from api_stub.console.gate import Visit
from api_stub.console.paths import ASSETS, OPEN_SECTIONS
from api_stub.console.public_address import find_public_address
from api_stub.console.state import OpenConsole
from api_stub.http.limits.request_limits import RequestRejected
from api_stub.http.problems import problem_response, unavailable
from worker.settings import Settings


class ConsoleGuard:
    """Lets a request in that belongs to a session, or that needs none."""

    def __init__(self, settings: Settings) -> None:
        self._is_on = settings.console
        self._address = find_public_address(settings)

    async def admit(self, scope: Scope, section: str) -> str | None:
        """Find the session of a request; return the cookie that its answer must set, if any.

        Raises RequestRejected: off, from another site, a path with a null, not signed in, or Postgres doesn't
        answer.
        """
        if not self._is_on:
            raise RequestRejected(problem_response(404, "Not Found"))
        if section == ASSETS:
            return None
        request = Request(scope)
        if not self._address.is_own(request.method, request.headers):
            raise RequestRejected(render_fault(request, 400))
        if "\0" in scope["path"]:  # which Postgres can't be asked about
            raise RequestRejected(render_fault(request, 404))
        visit = await _find_visit(request)
        if visit is not None:
            scope["state"]["signed_in"] = visit.signed_in
            scope["state"]["user"] = visit.signed_in.name
            return visit.cookie
        if section in OPEN_SECTIONS:
            return None
        raise RequestRejected(self._send_to_entry(request))

    def _send_to_entry(self, request: Request) -> Response:
        """Return the answer to a request without a session: for a page, go to where one signs in."""
        entry, prefix = f"{self._address.prefix}/enter", self._address.prefix
        is_part = request.headers.get("hx-request") == "true"
        if is_part or request.method not in {"GET", "HEAD"}:  # go on with the page that was shown
            shown = _read_path(request.headers.get("hx-current-url" if is_part else "referer", ""))
            target = add_return_path(entry, shown.removeprefix(prefix))
            if is_part:
                return Response(status_code=401, headers={"HX-Redirect": target})
            return RedirectResponse(target, status_code=303)
        if request.headers.get("sec-fetch-dest", "document") != "document":
            return problem_response(401, "sign in first")
        wanted = _join(request.scope["path"], request.url.query)
        return RedirectResponse(add_return_path(entry, wanted), status_code=303)


def add_cookie(send: Send, cookie: str) -> Send:
    """Return a `send` that sets a cookie; one of the same name that the page sets itself wins."""

    async def set_first(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).raw.insert(0, (b"set-cookie", cookie.encode("latin-1")))
        await send(message)

    return set_first


def _read_path(url: str) -> str:
    """Return path and query of an address that a browser names; "" if it is none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return _join(parts.path, parts.query)


def _join(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path


async def _find_visit(request: Request) -> Visit | None:
    console: OpenConsole | None = request.app.state.console
    if console is None:
        raise RequestRejected(problem_response(503, "no console keys are set: set RAPPORT_CONSOLE_KEYS"))
    try:
        return await console.gate.find(request.scope)
    except (OperationalError, PoolTimeoutError) as error:
        raise RequestRejected(unavailable(request, error, "Postgres does not answer")) from None
