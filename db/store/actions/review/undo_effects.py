"""What a decision changes: noted before it is made, and restored when it is taken back."""

from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import cast, delete, exists, func, literal_column, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session, aliased

from db.engine import today_in
from db.store.people import accounts, changes, holds, lookup
from db.tables import Action, Campaign, Contact, Exclusion, StoredDecision
from worker.errors import Reason
from worker.rules.lifecycle import check_transition
from worker.rules.messages.approval import Choice
from worker.rules.model import ActionState, CampaignState

Before = dict[str, Any]


class UndoOutcome(StrEnum):
    """The outcome of taking a decision back; anything but DONE changed nothing."""

    DONE = "done"
    TOO_LATE = "too_late"
    SENT = "sent"
    CHANGED = "changed"


def note_before(session: Session, choice: Choice, action_id: UUID) -> Mapping[UUID, Before]:
    """Return what a decision on a proposal will change, as it is now, by action.

    The caller has locked the proposal.
    """
    if choice is Choice.HELD:
        held = select(Contact).where(Contact.id.in_(list_known(session, action_id)))
        return {action_id: {"holds": [_note_hold(each) for each in session.scalars(held)]}}
    if choice is not Choice.NEVER:
        return _read_proposals(session, Action.id == action_id)
    people = _read_people(session, action_id)
    found = _read_proposals(session, Action.contact_id.in_([each["id"] for each in people]))
    return {**found, action_id: {**found[action_id], "people": people}}


def list_known(session: Session, action_id: UUID) -> Sequence[int]:
    """Return the contacts of an action's person, in every account that knows the address, by account."""
    contact_id = session.scalars(select(Action.contact_id).where(Action.id == action_id)).one()
    person = lookup.find_contact(session, contact_id or 0)
    return [each.id for each in lookup.list_everywhere(session, person)] if person else []


def restore(
    session: Session, choice: Choice, decisions: Sequence[StoredDecision]
) -> Mapping[UUID, UndoOutcome]:
    """Restore what was noted for these decisions of one press; return the outcome for each action.

    Nothing is restored unless it is as the decision left it.
    """
    # Lock in the order of ids, like every change of many actions: otherwise transactions could deadlock.
    ids = sorted(each.action_id for each in decisions)
    session.execute(select(Action.id).where(Action.id.in_(ids)).order_by(Action.id).with_for_update())
    if choice is Choice.NEVER:
        is_done = _restore_people(session, decisions)
        outcome = UndoOutcome.DONE if is_done else UndoOutcome.CHANGED
        return {
            each.action_id: _restore_skipped(session, each, Reason.DO_NOT_CONTACT) if is_done else outcome
            for each in decisions
        }
    return {each.action_id: _RESTORE[choice](session, each) for each in decisions}


def _note_hold(contact: Contact) -> Before:
    until = contact.hold_until.isoformat() if contact.hold_until else None
    return {"id": contact.id, "until": until, "reason": contact.hold_reason, "by": contact.hold_by}


def _read_proposals(session: Session, which: Any) -> dict[UUID, Before]:  # noqa: ANN401 -- a condition
    rows = session.execute(
        select(Action.id, Action.reason, Action.detail).where(which, Action.state == ActionState.PROPOSED)
    )
    return {action_id: {"reason": reason, "detail": detail} for action_id, reason, detail in rows}


def _restore_approved(session: Session, decision: StoredDecision) -> UndoOutcome:
    """Propose an approved greeting again, unless it is dispatched or was ever about to be sent."""
    check_transition(ActionState.PLANNED, ActionState.PROPOSED)
    moved = session.execute(
        update(Action)
        .where(
            Action.id == decision.action_id,
            Action.state == ActionState.PLANNED,
            Action.approved_by == decision.decided_by,
            Action.acting_since.is_(None),
        )
        .values(state=ActionState.PROPOSED, approval=None, approved_by=None, **decision.before)
        .returning(Action.id)
    ).first()
    if moved is not None:
        return UndoOutcome.DONE
    state = session.scalars(select(Action.state).where(Action.id == decision.action_id)).one()
    ended_otherwise = {ActionState.PROPOSED, ActionState.PLANNED, ActionState.SKIPPED, ActionState.FAILED}
    return UndoOutcome.CHANGED if state in ended_otherwise else UndoOutcome.SENT


def _restore_dropped(session: Session, decision: StoredDecision) -> UndoOutcome:
    return _restore_skipped(session, decision, Reason.DROPPED_BY_HAND)


def _restore_skipped(session: Session, decision: StoredDecision, reason: Reason) -> UndoOutcome:
    """Propose a skipped greeting again, unless its campaign was cancelled: nobody could approve it."""
    check_transition(ActionState.SKIPPED, ActionState.PROPOSED, undoing=True)
    cancelled = exists().where(Campaign.id == Action.campaign_id, Campaign.state == CampaignState.CANCELLED)
    values = {name: decision.before[name] for name in ("reason", "detail")}
    moved = session.execute(
        update(Action)
        .where(
            Action.id == decision.action_id,
            Action.state == ActionState.SKIPPED,
            Action.reason == reason,
            Action.detail == f"by {decision.decided_by}",
            ~cancelled,
        )
        .values(state=ActionState.PROPOSED, **values)
        .returning(Action.id)
    ).first()
    return UndoOutcome.CHANGED if moved is None else UndoOutcome.DONE


def _restore_hold(session: Session, decision: StoredDecision) -> UndoOutcome:
    """End the hold, or set the one that there was before, in each account. The proposal waits as before."""
    former = decision.before["holds"]
    state = session.scalars(select(Action.state).where(Action.id == decision.action_id)).one()
    if state != ActionState.PROPOSED:
        return UndoOutcome.CHANGED
    if not _is_as_left(session, decision, [each["id"] for each in former]):
        return UndoOutcome.CHANGED
    for each in former:
        holds.release_contact(session, each["id"], by=decision.decided_by)
        until = date.fromisoformat(each["until"]) if each["until"] else None
        account_id = session.scalars(select(Contact.account_id).where(Contact.id == each["id"])).one()
        if until is not None and until > today_in(session, accounts.get_account(session, account_id).zone):
            holds.hold_contact(session, each["id"], until, reason=each["reason"], by=each["by"])
    return UndoOutcome.DONE


_RESTORE = {
    Choice.APPROVED: _restore_approved,
    Choice.DROPPED: _restore_dropped,
    Choice.HELD: _restore_hold,
}


def _read_people(session: Session, action_id: UUID) -> list[Before]:
    """Return the contacts of the person's address, in every account, that are not left alone yet."""
    asked = aliased(Contact)
    was_excluded = exists().where(*_exclusion_by_hand())
    rows = session.execute(
        select(Contact.id, Contact.do_not_contact, Contact.by_hand["allowed"].is_not(None), was_excluded)
        .join(asked, asked.profile_url == Contact.profile_url)
        .join(Action, Action.contact_id == asked.id)
        .where(Action.id == action_id)
        .order_by(Contact.account_id)
    )
    return [
        {"id": contact_id, "left_alone": left_alone, "allowed": allowed, "excluded": excluded}
        for contact_id, left_alone, allowed, excluded in rows
    ]


def _exclusion_by_hand() -> tuple[Any, ...]:
    """Return the conditions for the exclusion of a contact's address that is no import's."""
    return (
        Exclusion.account_id == Contact.account_id,
        Exclusion.profile_url == Contact.profile_url,
        Exclusion.name_key.is_(None),
        Exclusion.occasion.is_(None),
    )


def _restore_people(session: Session, decisions: Sequence[StoredDecision]) -> bool:
    """Let the people be contacted again whom the decision left alone. False: somebody changed one of them."""
    main = next((each for each in decisions if "people" in each.before), None)
    if main is None:  # taken back before; one of its proposals had changed then
        return False
    people = main.before["people"]
    if not _is_as_left(session, main, [each["id"] for each in people]):
        return False
    for each in people:
        if each["left_alone"]:
            continue
        if not each["excluded"]:
            session.execute(
                delete(Exclusion)
                .where(Contact.id == each["id"], *_exclusion_by_hand())
                .execution_options(synchronize_session=False)
            )
        values: Before = {"do_not_contact": False}
        if each["allowed"]:
            made = func.coalesce(Contact.by_hand, cast({}, JSONB))
            values["by_hand"] = made.op("||")(cast({"allowed": True}, JSONB))
        session.execute(update(Contact).where(Contact.id == each["id"]).values(**values))
        changes.record_change(session, each["id"], changes.ALLOW, by=main.decided_by)
    return True


def _is_as_left(session: Session, decision: StoredDecision, contact_ids: Sequence[int]) -> bool:
    """Lock the contacts, and return whether nobody wrote them since the transaction of the decision.

    Postgres' `xmin` names the transaction that wrote a row last, so it also tells a change to equal values.
    """
    wrote = (
        select(literal_column("decisions.xmin"))
        .select_from(StoredDecision)
        .where(StoredDecision.id == decision.id, StoredDecision.action_id == decision.action_id)
        .scalar_subquery()
    )
    found = session.scalars(
        select(literal_column("contacts.xmin") == wrote)
        .select_from(Contact)
        .where(Contact.id.in_(contact_ids))
        .order_by(Contact.account_id)
        .with_for_update(of=Contact)
    ).all()
    return len(found) == len(contact_ids) and all(found)
