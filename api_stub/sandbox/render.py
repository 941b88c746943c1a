"""Render templates into responses."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from api_stub.sandbox.population.members import MEMBERS
from api_stub.sandbox.state import Session
from api_stub.sandbox.texts import TEXTS

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined
)
_TEMPLATES.globals["address"] = lambda person: f"/in/{quote(person.slug)}/"


def session_of(request: Request) -> Session:
    """Return the session of a request. Every page behind the gate has one."""
    session: Session = request.state.session
    return session


def render_page(
    template: str, session: Session | None, values: Mapping[str, object], *, status: int = 200
) -> HTMLResponse:
    """Render a whole page in the member's language."""
    return HTMLResponse(_render(template, session, {"popup": False, **values}), status)


def render_fragment(template: str, session: Session, **values: object) -> Response:
    """Render a part of a page for a script. Its own media type distinguishes it from a whole page."""
    return Response(_render(template, session, values), media_type="text/x-fragment")


def render_notice(subject: str, session: Session | None, *, status: int = 200) -> HTMLResponse:
    """Render a page with a message only: challenge, limit, gone, trouble."""
    words = TEXTS[_language(session)]
    heading, text = words[subject], words[f"{subject}_text"]
    return render_page("plain.html", session, {"heading": heading, "text": text}, status=status)


def _render(template: str, session: Session | None, values: dict[str, object]) -> str:
    language = _language(session)
    member = MEMBERS[session.member] if session else None
    common = {"session": session, "member": member, "language": language, "words": TEXTS[language]}
    return _TEMPLATES.get_template(template).render(**common, **values)


def _language(session: Session | None) -> str:
    return session.language if session else "en"
