"""The browsers in which somebody is signed in, and how to sign them out."""

from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api_stub.app_state import AppDatabase
from api_stub.console.forms import Form, FormRefusedError
from api_stub.console.i18n import load_texts
from api_stub.console.page import done, render, translate
from api_stub.console.session import Role, Viewer
from api_stub.console.state import AppConsole
from db.store.console import sessions, users
from worker.rules.console.users import Language

router = APIRouter(include_in_schema=False)

_UTC: Final = ZoneInfo("UTC")
"""Users belong to no account."""


@router.get("/sessions")
def show_sessions(request: Request, viewer: Viewer, database: AppDatabase) -> Response:
    """List the user's own sessions; to an owner, everybody's."""
    with database.snapshot() as session:
        found = sessions.list_sessions(session, user=_whose(viewer))
    return render(request, viewer, "entry/sessions.html", sessions=found, zone=_UTC)


@router.post("/sessions/language")
def choose_language(request: Request, viewer: Viewer, form: Form, database: AppDatabase) -> Response:
    """Show the console to the user in another language from now on."""
    try:
        language = Language(form.text("language"))
    except ValueError:
        raise FormRefusedError("language") from None
    with database.transaction() as session:
        users.set_language(session, viewer.name, language, by=viewer.name)
    return done(request, viewer, "/sessions", load_texts(language).gettext("The console speaks English now."))


@router.post("/sessions/end-others")
def end_others(request: Request, viewer: Viewer, _form: Form, database: AppDatabase) -> Response:
    """End the user's own sessions but this one."""
    with database.transaction() as session:
        ended = sessions.end_sessions(session, viewer.name, by=viewer.name, but=viewer.session_id)
    said = translate(viewer).ngettext(
        "%(number)s other browser was signed out.", "%(number)s other browsers were signed out.", ended
    )
    return done(request, viewer, "/sessions", said % {"number": ended})


@router.post("/sessions/{session_id}/end")
def end_session(
    session_id: UUID, request: Request, viewer: Viewer, _form: Form, database: AppDatabase
) -> Response:
    """End one session of the list."""
    with database.transaction() as session:
        sessions.end_session(session, session_id, by=viewer.name, user=_whose(viewer))
    # Nothing else happens if it has ended meanwhile.
    return done(request, viewer, "/sessions", translate(viewer).gettext("That browser is signed out."))


@router.get("/leave")
def ask_to_leave() -> Response:
    """Go to the page that has the button: a mere visit signs nobody out."""
    return RedirectResponse("sessions", status_code=303)  # relative: below whatever prefix


@router.post("/leave")
def leave(viewer: Viewer, _form: Form, database: AppDatabase, console: AppConsole) -> Response:
    """End the session of this browser."""
    with database.transaction() as session:
        sessions.end_session(session, viewer.session_id, by=viewer.name)
    answer = RedirectResponse(f"{console.address.prefix}/enter", status_code=303)
    answer.headers.append("Set-Cookie", console.gate.format_removal())
    return answer


def _whose(viewer: Viewer) -> str | None:
    return None if viewer.may(Role.OWNER) else viewer.name
