"""Conversations: the inbox, the overlay with its bubbles, and sending."""

import json
import re
import secrets
from dataclasses import replace
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api_stub.sandbox.faults import FaultName, Faults
from api_stub.sandbox.gate import withhold_response
from api_stub.sandbox.population.profiles import Profile
from api_stub.sandbox.render import render_fragment, render_notice, render_page, session_of
from api_stub.sandbox.state import Session, State

MAX_TEXT_CHARACTERS = 8000
TEST_HEADER = "X-Sandbox-Test"
"""A browser that sends this header sends test messages: the ledger tells them from greetings."""

CONVERSATIONS_PER_PAGE = 20
_SNIPPET_CHARACTERS = 60
_SWALLOW_TIMEOUT = timedelta(seconds=60)


class Messaging:
    """The inbox, and the endpoints of the overlay's script."""

    def __init__(self, state: State, faults: Faults) -> None:
        self._state = state
        self._faults = faults

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/messaging/", self.inbox),
            Route("/messaging/{slug}/dialog", self.dialog),
            Route("/messaging/{slug}/", self.bubbles),
            Route("/messaging/{slug}/messages", self.send, methods=["POST"]),
            Route("/messaging/{slug}/share", self.share, methods=["POST"]),
        ]

    async def inbox(self, request: Request) -> Response:
        """Show page `?page=N` of the conversations, newest first, each with its last message."""
        session, path = session_of(request), request.url.path
        given = request.query_params.get("page", "1")
        number = int(given) if re.fullmatch(r"[1-9][0-9]{0,5}", given) else 1
        talks = self._state.inbox(session.member)
        shown = talks[(number - 1) * CONVERSATIONS_PER_PAGE : number * CONVERSATIONS_PER_PAGE]
        self._state.count_view(session.member, path)
        values = {
            "talks": [replace(talk, text=_shorten(talk.text)) for talk in shown],
            "older": number + 1 if len(talks) > number * CONVERSATIONS_PER_PAGE else None,
            "popup": self._faults.take(FaultName.POPUP, path) is not None,
            "markup": self._faults.two_variant_markup(),
        }
        return render_page("inbox.html", session, values)

    async def dialog(self, request: Request) -> Response:
        """Return the overlay of a conversation with its messages."""
        wrong = self._faults.take(FaultName.WRONG_THREAD, request.url.path)
        slug = str(wrong.value) if wrong else str(request.path_params["slug"])
        draft = self._faults.take(FaultName.DRAFT, request.url.path)
        return self._show(request, slug, "dialog", str(draft.value) if draft else "")

    async def bubbles(self, request: Request) -> Response:
        """Return the messages of a conversation."""
        return self._show(request, str(request.path_params["slug"]), "bubbles", "")

    async def send(self, request: Request) -> Response:
        """Write a message to the ledger and the thread before the response, unless a fault is on."""
        session, path = session_of(request), request.url.path
        if not _has_csrf_token(request, session):
            return JSONResponse({"error": "csrf"}, 403)
        person = self._reachable(session.member, str(request.path_params["slug"]))
        if person is None:
            return JSONResponse({"error": "not connected"}, 403)
        text = await _text(request)
        if text is None:
            return JSONResponse({"error": f"text of 1 to {MAX_TEXT_CHARACTERS} characters are allowed"}, 422)
        if self._faults.take(FaultName.SEND_NO_EFFECT, path):
            return JSONResponse({"ok": True})
        late = self._faults.take(FaultName.LATE_SHOW_S, path)
        late_seconds = float(late.value or 0) if late else 0.0
        kind = "test" if TEST_HEADER in request.headers else "message"
        self._state.send(session.member, person.slug, text, kind=kind, late=timedelta(seconds=late_seconds))
        if self._faults.take(FaultName.SEND_SWALLOWS_REPLY, path):
            await withhold_response(request.receive, _SWALLOW_TIMEOUT)
        asked = [
            name
            for name in (FaultName.SHARE_PROMPT, FaultName.UNKNOWN_DIALOG)
            if self._faults.take(name, path)
        ]
        return JSONResponse({"ok": True, "ask": asked[0] if asked else None})

    async def share(self, request: Request) -> Response:
        """Share the member's contact details with the person: an effect that nobody asked Rapport for."""
        session = session_of(request)
        if not _has_csrf_token(request, session):
            return JSONResponse({"error": "csrf"}, 403)
        self._state.add_to_ledger(session.member, str(request.path_params["slug"]), "shared")
        return JSONResponse({"ok": True})

    def _show(self, request: Request, slug: str, template: str, draft: str) -> Response:
        session = session_of(request)
        person = self._reachable(session.member, slug)
        if person is None:
            return render_notice("gone", session, status=404)
        bubbles = self._state.open_thread(session.member, slug)
        name = f"{template}_{self._faults.two_variant_markup()}.html"
        member_id = self._state.member_id(slug)
        return render_fragment(
            name, session, person=person, bubbles=bubbles, member_id=member_id, draft=draft
        )

    def _reachable(self, member: str, slug: str) -> Profile | None:
        return self._state.person(slug) if slug in self._state.list_connections(member) else None


def _has_csrf_token(request: Request, session: Session) -> bool:
    given = request.headers.get("X-CSRF-Token", "")
    return secrets.compare_digest(given.encode(), session.csrf.encode())


def _shorten(text: str) -> str:
    return text if len(text) <= _SNIPPET_CHARACTERS else f"{text[:_SNIPPET_CHARACTERS]}…"


async def _text(request: Request) -> str | None:
    try:
        body = await request.json()
    except json.JSONDecodeError:
        return None
    text = body.get("text") if isinstance(body, dict) else None
    return text if isinstance(text, str) and text.strip() and len(text) <= MAX_TEXT_CHARACTERS else None
