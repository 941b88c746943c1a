"""The console's pages, and the answers to their faults."""

from collections.abc import Mapping

from fastapi import FastAPI, Request, Response

from api_stub.console import (
    actions,
    campaigns,
    entry,
    evidence,
    greeting_templates,
    imports,
    live,
    ops,
    people,
    quota,
    review,
    schedules,
    searches,
    setup,
    static,
    today,
)
from api_stub.console.errors import UnknownPageError
from api_stub.console.forms import FormRefusedError
from api_stub.console.page import render
from api_stub.console.session import NotAllowedError, Role, SignedIn
from api_stub.console.today.days import Days
from api_stub.console.today.queue_watch import QueueWatch
from worker import logs
from worker.settings import Settings

ROUTERS = (
    static.router,
    entry.router,
    live.router,
    evidence.router,
    today.router,
    people.router,
    campaigns.router,
    schedules.router,
    greeting_templates.router,
    searches.router,
    quota.router,
    ops.router,
    actions.router,
    review.router,
    *imports.routers,
    setup.router,
)


def start_console(app: FastAPI, settings: Settings) -> None:
    """Begin what the pages remember between requests."""
    app.state.days = Days()
    app.state.queue_watch = QueueWatch(settings.redis)


def install_console(app: FastAPI) -> None:
    """Serve the console's pages from `app`."""
    for router in ROUTERS:
        app.include_router(router)

    @app.exception_handler(UnknownPageError)
    async def unknown(request: Request, _error: UnknownPageError) -> Response:
        return render_fault(request, 404)

    @app.exception_handler(NotAllowedError)
    async def not_allowed(request: Request, error: NotAllowedError) -> Response:
        return render_fault(request, 403, needed=error.needed)

    @app.exception_handler(FormRefusedError)
    async def refused_form(request: Request, _error: FormRefusedError) -> Response:
        return render_fault(request, 400)


def render_fault(
    request: Request,
    status: int,
    *,
    needed: Role | None = None,
    detail: str = "",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return the page that says why a request to the console was not done, and what to do."""
    signed_in: SignedIn | None = request.scope["state"].get("signed_in")
    page = render(
        request,
        signed_in,
        "refusal.html",
        status=status,
        code=status,
        needed=needed,
        detail=detail,
        correlation_id=logs.current_correlation_id(),
    )
    page.headers.update(headers or {})
    return page
