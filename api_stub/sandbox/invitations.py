"""Invitations that a member has sent: the list, the confirmation dialog, and withdrawing."""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api_stub.sandbox.faults import FaultName, Faults
from api_stub.sandbox.gate import withhold_response
from api_stub.sandbox.population.invitees import INVITEES, Invitee, generate_invitations
from api_stub.sandbox.render import render_fragment, render_notice, render_page, session_of
from api_stub.sandbox.state import State
from api_stub.sandbox.texts import TEXTS, format_sent_line

INVITATIONS_PER_PAGE = 4
_SWALLOW_TIMEOUT = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class SentInvitation:
    """An unanswered invitation."""

    guest: Invitee
    sent_on: date


class InvitationStore:
    """The invitations in the file of `State`."""

    def __init__(self, state: State, today: Callable[[], date]) -> None:
        self._state = state
        if not state.db.execute("SELECT 1 FROM invitations").fetchone():
            state.db.executemany(
                "INSERT INTO invitations (member, slug, sent_on) VALUES (?, ?, ?)",
                [(member, slug, on.isoformat()) for member, slug, on in generate_invitations(today())],
            )

    def list_open(self, member: str) -> list[SentInvitation]:
        """Return the member's unanswered invitations, newest first."""
        rows = self._state.db.execute(
            "SELECT slug, sent_on FROM invitations WHERE member = ? AND became IS NULL "
            "ORDER BY sent_on DESC, slug",
            (member,),
        )
        return [SentInvitation(INVITEES[slug], date.fromisoformat(on)) for slug, on in rows]

    def is_open(self, member: str, slug: str) -> bool:
        """Return whether the member's invitation to this person is unanswered."""
        return any(sent.guest.slug == slug for sent in self.list_open(member))

    def accept(self, member: str, slug: str) -> bool:
        """Accept the invitation for the person. It is not in the ledger."""
        return self._close(member, slug, "accepted")

    def withdraw(self, member: str, slug: str) -> bool:
        """Withdraw the invitation and add this to the ledger; return False if there was none."""
        with self._state.transaction():
            withdrawn = self._close(member, slug, "withdrawn")
            if withdrawn:
                self._state.add_to_ledger(member, slug, "withdrawal")
        return withdrawn

    def _close(self, member: str, slug: str, what: str) -> bool:
        changed = self._state.db.execute(
            "UPDATE invitations SET became = ? WHERE member = ? AND slug = ? AND became IS NULL",
            (what, member, slug),
        )
        return changed.rowcount == 1


class InvitationPages:
    """The pages and endpoints of sent invitations."""

    def __init__(
        self, state: State, invitations: InvitationStore, faults: Faults, today: Callable[[], date]
    ) -> None:
        self._state = state
        self._invitations = invitations
        self._faults = faults
        self._today = today

    def routes(self) -> list[Route]:
        """Return the routes. Those of the profiles must precede the general profile route."""
        return [
            Route("/invitations/sent/", self.sent),
            Route("/invitations/{slug}/dialog", self.dialog),
            Route("/invitations/{slug}/withdraw", self.withdraw, methods=["POST"]),
            *(Route(f"/in/{slug}/", self.profile) for slug in INVITEES),
        ]

    async def sent(self, request: Request) -> Response:
        """Show page `?page=N` of the unanswered invitations, newest first."""
        session, today = session_of(request), self._today()
        language = session.language
        given = request.query_params.get("page", "1")
        number = int(given) if re.fullmatch(r"[1-9][0-9]{0,5}", given) else 1
        waiting = self._invitations.list_open(session.member)
        shown = waiting[(number - 1) * INVITATIONS_PER_PAGE : number * INVITATIONS_PER_PAGE]
        return self._page(
            request,
            "invitations.html",
            cards=[(sent, format_sent_line(language, sent.sent_on, today)) for sent in shown],
            total=len(waiting),
            following=number + 1 if len(waiting) > number * INVITATIONS_PER_PAGE else None,
        )

    async def profile(self, request: Request) -> Response:
        """Show a simple profile of an invited person, with the button pending or connect."""
        session, guest = session_of(request), INVITEES[request.url.path.split("/")[2]]
        words = TEXTS[session.language]
        waits = self._invitations.is_open(session.member, guest.slug)
        return self._page(request, "guest.html", guest=guest, button=words["pending" if waits else "connect"])

    async def dialog(self, request: Request) -> Response:
        """Return the dialog that asks to confirm the withdrawal."""
        session = session_of(request)
        wrong = self._faults.take(FaultName.WRONG_THREAD, request.url.path)
        slug = str(wrong.value) if wrong else str(request.path_params["slug"])
        if not self._invitations.is_open(session.member, slug):
            return render_notice("gone", session, status=404)
        return render_fragment(
            f"withdraw_{self._faults.two_variant_markup()}.html", session, guest=INVITEES[slug]
        )

    async def withdraw(self, request: Request) -> Response:
        """Withdraw before the response, unless a fault is on."""
        session, path = session_of(request), request.url.path
        given = request.headers.get("X-CSRF-Token", "")
        if not secrets.compare_digest(given.encode(), session.csrf.encode()):
            return JSONResponse({"error": "csrf"}, 403)
        if self._faults.take(FaultName.SEND_NO_EFFECT, path):
            return JSONResponse({"ok": True})
        if not self._invitations.withdraw(session.member, str(request.path_params["slug"])):
            return JSONResponse({"error": "no such invitation"}, 404)
        if self._faults.take(FaultName.SEND_SWALLOWS_REPLY, path):
            await withhold_response(request.receive, _SWALLOW_TIMEOUT)
        return JSONResponse({"ok": True})

    def _page(self, request: Request, template: str, **values: object) -> Response:
        session, path = session_of(request), request.url.path
        self._state.count_view(session.member, path)
        popup = self._faults.take(FaultName.POPUP, path) is not None
        return render_page(
            template, session, {"popup": popup, "markup": self._faults.two_variant_markup(), **values}
        )
