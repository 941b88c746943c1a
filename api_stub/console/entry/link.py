"""Sign in with a one-time link."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api_stub.console.entry.sign_in import go_in, render_entry
from api_stub.console.errors import UnknownPageError
from api_stub.console.gate import describe_client
from api_stub.console.session import find_session_id, find_signed_in
from api_stub.console.state import AppConsole
from worker import logs

log = logs.get_logger(__name__)

router = APIRouter(prefix="/enter", include_in_schema=False)


@router.api_route("/{token}", methods=["GET", "HEAD"])
async def open_link(token: str, request: Request, console: AppConsole) -> Response:
    """Open a session for the link's user. Only a person's visit uses the link up."""
    if request.method == "HEAD" or _is_automatic(request):
        return Response(status_code=503)  # a browser doesn't show a prefetched answer that failed
    client = describe_client(request)
    outcome = await console.desk.use_link(token, client, find_session_id(request))
    if outcome.token is not None:
        log.info("signed_in", user=outcome.user, address=client.address, by="link")
        return go_in(console, outcome.token, "/")
    if outcome.was_link and find_signed_in(request) is not None:  # opened again, from the history
        return RedirectResponse(f"{console.address.prefix}/", status_code=303)
    if not outcome.was_link and console.unknown_links.count(client.address, event="unknown_links"):
        raise UnknownPageError
    return render_entry(request, console, used_link=True)


def _is_automatic(request: Request) -> bool:
    """Return whether a browser fetches the page in advance, or as a part of another one."""
    given = request.headers
    purposes = (given.get(name, "") for name in ("sec-purpose", "purpose", "x-purpose", "x-moz"))
    in_advance = any("prefetch" in each or "preview" in each for each in purposes)
    return in_advance or given.get("sec-fetch-dest", "document") != "document"
