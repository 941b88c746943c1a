"""The forms for another text: in a person's own words, or of another template."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request, Response

from api_stub.app_state import AppDatabase
from api_stub.console.errors import UnknownPageError
from api_stub.console.forms import Form, FormRefusedError, PostedForm
from api_stub.console.page import done, render, say
from api_stub.console.review.address import AtPlace, Place, read_place
from api_stub.console.review.cards import Card
from api_stub.console.review.decisions import decide
from api_stub.console.review.pages import find_card, render_card, render_form
from api_stub.console.review.wording import TEXT_CHOSEN, language_names, say_of_text
from api_stub.console.session import Approver, SignedIn
from db.store.actions.review import approval, undo
from db.store.actions.review.approval import Decision, DecisionOutcome
from db.store.audit import record_change
from worker.rules.messages.approval import Choice, approval_hash
from worker.rules.messages.message_text import MAX_MESSAGE_CHARACTERS
from worker.rules.messages.text_checks import TextCheck, check_text

_MOST_TYPED: Final = 20 * MAX_MESSAGE_CHARACTERS
"""A longer text is refused before it is checked."""

router = APIRouter()


@router.get("/{action_id}/edit")
def show_editor(
    action_id: UUID, request: Request, viewer: Approver, place: AtPlace, database: AppDatabase
) -> Response:
    """Show the text in a field."""
    with database.snapshot() as session:
        card = find_card(session, viewer, action_id)
        if card is None:
            return render_card(request, session, viewer, action_id, place)
        proposal = card.proposal
        return _render_editor(request, viewer, card, place, text=proposal.message, seen=proposal.seen)


@router.post("/{action_id}/check")
def check_draft(
    action_id: UUID, request: Request, viewer: Approver, form: Form, database: AppDatabase
) -> Response:
    """Return what is said about a text while it is written: a part of the page with the field."""
    with database.transaction() as session:
        card = find_card(session, viewer, action_id)
    if card is None:
        raise UnknownPageError
    check = _check(card, _read_text(form))
    return render(request, viewer, "review/check.html", **_check_values(viewer, check))


@router.post("/{action_id}/edit")
def approve_own_words(
    action_id: UUID, request: Request, viewer: Approver, form: Form, database: AppDatabase
) -> Response:
    """Approve another text, unless it has a fault, or something to look at that was not shown yet."""
    text = _read_text(form)
    with database.transaction() as session:
        card = find_card(session, viewer, action_id)
    if card is not None:
        check = _check(card, text)
        if check.faults or (check.notes and form.text("noted", most=64) != _hash_noted(check)):
            seen, place = form.text("seen", most=64), read_place(form)
            return _render_editor(request, viewer, card, place, text=text, seen=seen, refused=True)
    return decide(
        request, viewer, form, database, action_id, Choice.APPROVED,
        lambda session, seen: undo.approve(session, {action_id: seen}, by=viewer.name, text=text),
    )  # fmt: skip


@router.get("/{action_id}/template")
def show_templates(
    action_id: UUID, request: Request, viewer: Approver, place: AtPlace, database: AppDatabase
) -> Response:
    """Show what each usable template says to this person."""
    with database.snapshot() as session:
        card = find_card(session, viewer, action_id)
        if card is None:
            return render_card(request, session, viewer, action_id, place)
        address = card.proposal.profile_url
        return render_form(
            request, viewer, card, "review/template.html", place, languages=language_names(viewer),
            options=[(each, approval_hash(address, each.draft.message)) for each in card.choices.options],
        )  # fmt: skip


@router.post("/{action_id}/template")
def choose_template(
    action_id: UUID, request: Request, viewer: Approver, form: Form, database: AppDatabase
) -> Response:
    """Give the proposal the text of a template, as it was shown; it still waits for approval."""
    place, shown = read_place(form), form.text("shown", most=64)
    with database.transaction() as session:
        card = find_card(session, viewer, action_id)
        if card is None:
            return render_card(
                request, session, viewer, action_id, place, refused=approval.find_decision(session, action_id)
            )
        proposal = card.proposal
        chosen = next(
            (each.draft for each in card.choices.options
             if approval_hash(proposal.profile_url, each.draft.message) == shown),
            None,
        )  # fmt: skip
        decision = Decision(DecisionOutcome.CHANGED)
        if chosen is not None:
            decision = approval.retext_proposal(
                session, action_id, chosen, worded_for=card.choices.worded_for,
                seen=form.text("seen", most=64),
            )  # fmt: skip
        if decision.outcome is not DecisionOutcome.DONE:
            return render_card(request, session, viewer, action_id, place, refused=decision)
        record_change(session, by=viewer.name, change="proposal.text", about=str(action_id))
    here = Place(place.account, place.after, action_id)
    return done(request, viewer, here.path, say(viewer, TEXT_CHOSEN, name=proposal.contact))


def _read_text(form: PostedForm) -> str:
    """Return the text as it was typed: `PostedForm.text` would strip what must be refused."""
    text = next(iter(form.texts("text")), "").replace("\r\n", "\n")
    if len(text) > _MOST_TYPED:
        raise FormRefusedError
    return text


def _check(card: Card, text: str) -> TextCheck:
    return check_text(text, name=card.choices.name, past_texts=card.choices.past_texts)


def _hash_noted(check: TextCheck) -> str:
    return approval_hash("", check.message)


def _check_values(viewer: SignedIn, check: TextCheck) -> dict[str, Any]:
    return {
        "check": check,
        "most": MAX_MESSAGE_CHARACTERS,
        "faults": [say_of_text(viewer, each) for each in check.faults],
        "notes": [say_of_text(viewer, each) for each in check.notes],
        "noted": _hash_noted(check),
    }


def _render_editor(
    request: Request,
    viewer: SignedIn,
    card: Card,
    place: Place,
    *,
    text: str,
    seen: str,
    refused: bool = False,
) -> Response:
    """Return the page with the field. `seen` is what the form approves against, not what is there now."""
    values = _check_values(viewer, _check(card, text))
    errors = {"text": " ".join([*values["faults"], *values["notes"]])} if refused else {}
    return render_form(
        request, viewer, card, "review/edit.html", place, errors=errors, text=text, seen=seen,
        name=card.choices.name.first if card.choices.name else "", **values,
    )  # fmt: skip
