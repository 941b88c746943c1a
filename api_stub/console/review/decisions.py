"""The forms of a card: approve, leave out, hold, and never again."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from api_stub.app_state import AppDatabase
from api_stub.console.errors import UnknownPageError
from api_stub.console.forms import Form, PostedForm
from api_stub.console.page import done, say
from api_stub.console.review.address import AtPlace, Place, read_place
from api_stub.console.review.cards import Card, format_day
from api_stub.console.review.pages import find_card, render_card, render_form
from api_stub.console.review.wording import DONE
from api_stub.console.session import Approver, SignedIn
from db.engine import Database
from db.store.actions.review import undo
from db.store.actions.review.undo import Made
from db.store.reports import reviews
from worker.rules.messages.approval import Choice


def _(text: str) -> str:
    """Mark a text for the catalogue; `say` translates it."""
    return text


_NOT_LATER: Final = _("Choose a day from %(day)s on: the hold ends when that day begins.")

router = APIRouter()


@router.post("/{action_id}/approve")
def approve(
    action_id: UUID, request: Request, viewer: Approver, form: Form, database: AppDatabase
) -> Response:
    """Approve the text that was seen."""
    return decide(
        request, viewer, form, database, action_id, Choice.APPROVED,
        lambda session, seen: undo.approve(session, {action_id: seen}, by=viewer.name),
    )  # fmt: skip


@router.post("/{action_id}/drop")
def drop(action_id: UUID, request: Request, viewer: Approver, form: Form, database: AppDatabase) -> Response:
    """Leave the person out this time."""
    return decide(
        request, viewer, form, database, action_id, Choice.DROPPED,
        lambda session, seen: undo.drop(session, action_id, seen=seen, by=viewer.name),
    )  # fmt: skip


@router.get("/{action_id}/never")
def ask_never(
    action_id: UUID, request: Request, viewer: Approver, place: AtPlace, database: AppDatabase
) -> Response:
    """Ask once more before a person is never contacted again."""
    with database.snapshot() as session:
        card = find_card(session, viewer, action_id)
        if card is None:
            return render_card(request, session, viewer, action_id, place)
        return render_form(request, viewer, card, "review/never.html", place)


@router.post("/{action_id}/never")
def never(action_id: UUID, request: Request, viewer: Approver, form: Form, database: AppDatabase) -> Response:
    """Never contact the person again, from any account."""
    return decide(
        request, viewer, form, database, action_id, Choice.NEVER,
        lambda session, seen: undo.never(session, action_id, seen=seen, by=viewer.name),
    )  # fmt: skip


@router.get("/{action_id}/hold")
def ask_hold(
    action_id: UUID, request: Request, viewer: Approver, place: AtPlace, database: AppDatabase
) -> Response:
    """Ask until when the person is put on hold."""
    with database.snapshot() as session:
        card = find_card(session, viewer, action_id)
        if card is None:
            return render_card(request, session, viewer, action_id, place)
        return _render_hold(request, viewer, card, place)


@router.post("/{action_id}/hold")
def hold(action_id: UUID, request: Request, viewer: Approver, form: Form, database: AppDatabase) -> Response:
    """Put the person on hold until a day."""
    until = form.day("until")
    with database.transaction() as session:
        card = find_card(session, viewer, action_id)
        if card is not None and (until is None or until <= card.proposal.today):
            place, typed = read_place(form), form.text("until", most=30)
            return _render_hold(request, viewer, card, place, typed=typed, is_wrong=True)
    return decide(
        request, viewer, form, database, action_id, Choice.HELD,
        lambda session, seen: undo.hold(session, action_id, until or date.max, seen=seen, by=viewer.name),
        day=format_day(viewer, until) if until else "",
    )  # fmt: skip


def decide(  # noqa: PLR0917 -- what a route has, and what it decides
    request: Request,
    viewer: SignedIn,
    form: PostedForm,
    database: Database,
    action_id: UUID,
    choice: Choice,
    how: Callable[[Session, str], Made],
    **values: str,
) -> Response:
    """Decide on one proposal as it was seen; a refusal is answered with the proposal as it is now."""
    place = read_place(form)
    with database.transaction() as session:
        name = reviews.list_names(session, [action_id]).get(action_id)
        if name is None:
            raise UnknownPageError
        made = how(session, form.text("seen", most=64))
        if action_id not in made.done:
            return render_card(request, session, viewer, action_id, place, refused=made.decisions[action_id])
    return done(request, viewer, place.path, say(viewer, DONE[choice], name=name, **values))


def _render_hold(
    request: Request, viewer: SignedIn, card: Card, place: Place, *, typed: str = "", is_wrong: bool = False
) -> Response:
    tomorrow = card.proposal.today + timedelta(days=1)
    wrong = say(viewer, _NOT_LATER, day=format_day(viewer, tomorrow)) if is_wrong else ""
    return render_form(
        request, viewer, card, "review/hold.html", place, typed=typed, tomorrow=tomorrow,
        errors={"until": wrong} if wrong else {},
    )  # fmt: skip
