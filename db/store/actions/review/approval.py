"""Decide on proposals: approve, edit or drop them.

Each decision is a compare-and-set on the action's row: of two people one wins, and the other gets the
outcome. An approval is bound to the recipient and the text that the person saw.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row, case, func, select, update
from sqlalchemy.orm import Session

from db.store.people import contacts
from db.tables import Account, Action, Campaign, Contact
from worker.errors import Reason
from worker.rules.lifecycle import check_transition
from worker.rules.messages.approval import approval_hash, validate_message
from worker.rules.messages.drafts import Addressee, Draft, find_addressee_name
from worker.rules.messages.placeholders import find_placeholders
from worker.rules.model import ActionState, CampaignState
from worker.rules.names.shown_names import find_called_name
from worker.rules.names.spoken_name import SpokenName


class DecisionOutcome(StrEnum):
    """The outcome of a decision; anything but DONE changed nothing."""

    DONE = "done"
    UNKNOWN = "unknown"
    DECIDED = "decided"
    CHANGED = "changed"
    LEFT_ALONE = "left_alone"
    CANCELLED = "cancelled"
    TOO_LATE = "too_late"
    UNFILLED = "unfilled"


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome of a decision, and the action's state now; `decided_by` says by whom or what."""

    outcome: DecisionOutcome
    state: ActionState | None = None
    reason: Reason | None = None
    decided_by: str | None = None


REFUSALS = {
    DecisionOutcome.UNKNOWN: "there is no such action",
    DecisionOutcome.CHANGED: "its recipient or its text has changed since it was shown: look at it again",
    DecisionOutcome.LEFT_ALONE: (
        "this person is not to be contacted: drop it, or clear do-not-contact first"
    ),
    DecisionOutcome.CANCELLED: "its campaign was cancelled: it won't be sent",
    DecisionOutcome.TOO_LATE: "its last day has passed: drop it",
    DecisionOutcome.UNFILLED: "its text has a field that nothing filled in: edit it, or drop it",
}


def describe_refusal(decision: Decision) -> str:
    """Return why a decision changed nothing, and what to do, in words."""
    if decision.outcome is not DecisionOutcome.DECIDED:
        return REFUSALS[decision.outcome]
    how = ", ".join(filter(None, (decision.reason, decision.decided_by)))
    by_whom = f" ({how})" if how else ""
    return f"it is already {decision.state}{by_whom}: only a proposed action can be decided on"


def approve_proposal(session: Session, action_id: UUID, *, seen: str, by: str) -> Decision:
    """Approve a proposal: it is sent when it is due. `seen` is the hash of what the person saw."""
    return _approve(session, action_id, seen=seen, by=by, text=None)


def edit_proposal(session: Session, action_id: UUID, text: str, *, seen: str, by: str) -> Decision:
    """Approve a proposal with another text. Raises TextRefusedError if that text can't be sent."""
    return _approve(session, action_id, seen=seen, by=by, text=validate_message(text))


def approve_proposals(
    session: Session, campaign_id: UUID, seen: Mapping[UUID, str], *, by: str
) -> dict[UUID, Decision]:
    """Approve a campaign's proposals, each by the hash that was `seen`; return the decisions."""
    known = select(Action.id).where(Action.campaign_id == campaign_id, Action.id.in_(seen))
    known_ids = set(session.scalars(known))
    # Lock in the order of ids, like every change of many actions: otherwise transactions could deadlock.
    return {
        action_id: approve_proposal(session, action_id, seen=seen[action_id], by=by)
        if action_id in known_ids
        else Decision(DecisionOutcome.UNKNOWN)
        for action_id in sorted(seen)
    }


def retext_proposal(
    session: Session, action_id: UUID, draft: Draft, *, worded_for: date, seen: str
) -> Decision:
    """Give a proposal the text of another template; it still waits for approval.

    The compare-and-set is on the recipient and the text that were `seen`.
    """
    found = _lock(session, action_id)
    if found is None:
        return Decision(DecisionOutcome.UNKNOWN)
    outcome = _find_refusal(*found, seen=seen, edited=True)
    if outcome is None:
        session.execute(
            update(Action)
            .where(Action.id == action_id, Action.state == ActionState.PROPOSED)
            .values(message=draft.message, called=draft.called, worded_for=worded_for)
        )
    return _with_current_state(session, action_id, outcome or DecisionOutcome.DONE)


def drop_proposal(session: Session, action_id: UUID, *, by: str) -> Decision:
    """Skip this proposal: the person is left out this time."""
    return _decide(session, action_id, ActionState.SKIPPED, reason=Reason.DROPPED_BY_HAND, detail=f"by {by}")


def never_contact(session: Session, action_id: UUID, *, by: str) -> Decision:
    """Never contact this person again, from any account that knows the address; skip all proposals to them.

    Works in every state of the action: a planned one is stopped by the gate before its effect.
    """
    address = session.scalar(
        select(Contact.profile_url)
        .join(Action, Action.contact_id == Contact.id)
        .where(Action.id == action_id)
    )
    if address is None:
        return Decision(DecisionOutcome.UNKNOWN)
    check_transition(ActionState.PROPOSED, ActionState.SKIPPED)
    known = select(Contact.id, Contact.account_id).where(Contact.profile_url == address)
    # Per account, lock the proposals before the contact, as recording an effect does.
    for contact_id, account_id in session.execute(known.order_by(Contact.account_id)).all():
        session.execute(
            update(Action)
            .where(
                Action.account_id == account_id,
                Action.contact_id == contact_id,
                Action.state == ActionState.PROPOSED,
            )
            .values(state=ActionState.SKIPPED, reason=Reason.DO_NOT_CONTACT, detail=f"by {by}")
        )
        contacts.set_do_not_contact(session, account_id, address, value=True, by=by)
    return _with_current_state(session, action_id, DecisionOutcome.DONE)


@dataclass(frozen=True, slots=True)
class SeenProposal:
    """A proposal that was shown before, as it is now. `refusal`: why it can't be approved; None: it can."""

    id: UUID
    contact: str
    profile_url: str
    occasion_on: date
    message: str
    refusal: Decision | None


def list_seen(session: Session, seen: Mapping[UUID, str]) -> Sequence[SeenProposal]:
    """Return those of the proposals that exist, the latest occasion first; `seen` has the hash of each."""
    found = session.execute(
        _SELECT.where(Action.id.in_(seen)).order_by(Action.occasion_on.desc(), Action.id)
    ).all()
    return [
        SeenProposal(
            action.id,
            contact.full_name,
            contact.profile_url,
            action.occasion_on,
            action.message,
            _with_current_state(session, action.id, outcome) if outcome else None,
        )
        for action, contact, campaign, zone, now in found
        for outcome in [
            _find_refusal(action, contact, campaign, zone, now, seen=seen[action.id], edited=False)
        ]
    ]


_SELECT = (
    select(Action, Contact, Campaign.state, Account.time_zone, func.now())
    .join(Contact, Contact.id == Action.contact_id)
    .join(Campaign, Campaign.id == Action.campaign_id)
    .join(Account, Account.id == Action.account_id)
)


def _find_refusal(
    action: Action, contact: Contact, campaign: str, zone: str, now: datetime, *, seen: str, edited: bool
) -> DecisionOutcome | None:
    expired = action.expires_on is not None and action.expires_on < now.astimezone(ZoneInfo(zone)).date()
    refusals = (
        (action.state != ActionState.PROPOSED, DecisionOutcome.DECIDED),
        (campaign == CampaignState.CANCELLED, DecisionOutcome.CANCELLED),
        (contact.do_not_contact, DecisionOutcome.LEFT_ALONE),
        (expired, DecisionOutcome.TOO_LATE),
        (approval_hash(contact.profile_url, action.message) != seen, DecisionOutcome.CHANGED),
        (not edited and bool(find_placeholders(action.message)), DecisionOutcome.UNFILLED),
    )
    return next((outcome for applies, outcome in refusals if applies), None)


def find_decision(session: Session, action_id: UUID) -> Decision:
    """Return what became of an action that is not proposed any more."""
    return _with_current_state(session, action_id, DecisionOutcome.DECIDED)


def lock_seen(session: Session, action_id: UUID, seen: str) -> Decision | None:
    """Lock a proposal until the transaction ends; return why it isn't the one that was `seen`, or None."""
    found = _lock(session, action_id)
    if found is None:
        return Decision(DecisionOutcome.UNKNOWN)
    action, contact, *_ = found
    if action.state != ActionState.PROPOSED:
        return _with_current_state(session, action_id, DecisionOutcome.DECIDED)
    if approval_hash(contact.profile_url, action.message) != seen:
        return _with_current_state(session, action_id, DecisionOutcome.CHANGED)
    return None


def _lock(session: Session, action_id: UUID) -> Row[Action, Contact, str, str, datetime] | None:
    return session.execute(
        _SELECT.where(Action.id == action_id)
        .with_for_update(of=Action)
        .execution_options(populate_existing=True)
    ).first()


def _approve(session: Session, action_id: UUID, *, seen: str, by: str, text: str | None) -> Decision:
    found = _lock(session, action_id)
    if found is None:
        return Decision(DecisionOutcome.UNKNOWN)
    action, contact, campaign, zone, now = found
    outcome = _find_refusal(action, contact, campaign, zone, now, seen=seen, edited=text is not None)
    if outcome is not None:
        return _with_current_state(session, action_id, outcome)
    message = action.message if text is None else text
    called = action.called if text is None else _find_called_name(text, action, contact)
    # `not_before` stays: the action has been due since it was proposed, and keeps its place in the order. One
    # that was planned before may have a later one, which needs a reason.
    return _decide(
        session, action_id, ActionState.PLANNED,
        reason=case((Action.not_before > Action.created_at, Reason.SETTLED_BY_HAND)), detail=None,
        message=message, called=called, approval=approval_hash(contact.profile_url, message), approved_by=by,
    )  # fmt: skip


def _find_called_name(text: str, action: Action, contact: Contact) -> str:
    """Return the known name by which a text that a person wrote calls the contact, '' if it has none."""
    if action.called and find_called_name(text, SpokenName(action.called, action.called)):
        return action.called
    location = contact.profile.get("location")
    name = find_addressee_name(
        Addressee(contact.id, contact.full_name, contact.language, contact.call_by, location)
    )
    return find_called_name(text, name) if isinstance(name, SpokenName) else ""


def _decide(
    session: Session,
    action_id: UUID,
    state: ActionState,
    **values: Any,  # noqa: ANN401 -- new values of columns of any type
) -> Decision:
    check_transition(ActionState.PROPOSED, state)
    moved = session.execute(
        update(Action)
        .where(Action.id == action_id, Action.state == ActionState.PROPOSED)
        .values(state=state, **values)
        .returning(Action.id)
    ).first()
    return _with_current_state(session, action_id, DecisionOutcome.DONE if moved else DecisionOutcome.DECIDED)


def _with_current_state(session: Session, action_id: UUID, outcome: DecisionOutcome) -> Decision:
    """Return `outcome` with the action's current state."""
    row = session.execute(
        select(Action.state, Action.reason, Action.detail, Action.approved_by).where(Action.id == action_id)
    ).first()
    if row is None:
        return Decision(DecisionOutcome.UNKNOWN)
    decided_by = row.detail or (f"approved by {row.approved_by}" if row.approved_by else None)
    return Decision(outcome, ActionState(row.state), Reason(row.reason) if row.reason else None, decided_by)
