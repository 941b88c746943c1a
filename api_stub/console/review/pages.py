"""Render the pages about one proposal, also as answers to a refused form."""

from collections.abc import Mapping
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.orm import Session

from api_stub.console.errors import UnknownPageError
from api_stub.console.page import render
from api_stub.console.review.address import Place
from api_stub.console.review.cards import Card, build_cards
from api_stub.console.review.wording import language_names, say_refusal
from api_stub.console.session import Role, SignedIn
from db.store.actions.review import approval, proposals
from db.store.actions.review.approval import Decision, DecisionOutcome


def find_card(session: Session, viewer: SignedIn, action_id: UUID) -> Card | None:
    """Return the card of a proposal, or None if the action isn't proposed."""
    found = proposals.find_proposal(session, action_id)
    return build_cards(session, viewer, [found])[0] if found else None


def render_form(
    request: Request,
    viewer: SignedIn,
    card: Card,
    template: str,
    place: Place,
    *,
    errors: Mapping[str, str] | None = None,
    **values: object,
) -> Response:
    """Return a page with one form about a proposal; with `errors`, the form was refused."""
    return render(
        request, viewer, template, status=422 if errors else 200, card=card, place=place, errors=errors or {},
        may_decide=viewer.may(Role.APPROVER), **values,
    )  # fmt: skip


def render_card(
    request: Request,
    session: Session,
    viewer: SignedIn,
    action_id: UUID,
    place: Place,
    *,
    refused: Decision | None = None,
) -> Response:
    """Return the page of one proposal: as it is now, and why a decision was `refused`.

    Raises UnknownPageError if there is no such action.
    """
    card = find_card(session, viewer, action_id)
    state = refused or (approval.find_decision(session, action_id) if card is None else None)
    if card is None and (state is None or state.outcome is DecisionOutcome.UNKNOWN):
        raise UnknownPageError
    return render(
        request,
        viewer,
        "review/one.html",
        status=409 if refused else 200,
        card=card,
        place=place,
        why=say_refusal(viewer, state) if state else "",
        refused=refused is not None,
        may_decide=viewer.may(Role.APPROVER),
        languages=language_names(viewer),
        action_id=action_id,
    )
