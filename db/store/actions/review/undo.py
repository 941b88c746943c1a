"""Decisions that can be taken back, for UNDO_FOR, by whoever made them.

A decision is stored in the transaction that makes it, with what it changes. Taking it back is a
compare-and-set: it changes nothing unless everything is as the decision left it. An approval is taken back
only from `planned`, so of a dispatcher and this one wins, and what was taken back is never sent.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from db.store import audit
from db.store.actions.review import approval
from db.store.actions.review.approval import Decision, DecisionOutcome
from db.store.actions.review.undo_effects import UndoOutcome, list_known, note_before, restore
from db.store.people import holds
from db.tables import Action, Contact, StoredDecision
from worker.rules.messages.approval import UNDO_FOR, Choice
from worker.rules.model import ActionState

_KEPT_FOR: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Made:
    """What one press decided: the decision on each proposal. `id` takes back those that are DONE."""

    decisions: Mapping[UUID, Decision]
    id: UUID = field(default_factory=uuid4)

    @property
    def done(self) -> frozenset[UUID]:
        """Return the proposals that were decided on."""
        return frozenset(
            action_id
            for action_id, decision in self.decisions.items()
            if decision.outcome is DecisionOutcome.DONE
        )


@dataclass(frozen=True, slots=True)
class Undoable:
    """The last decision of a person, while it can be taken back. `contact` is one of `count` people."""

    id: UUID
    choice: Choice
    contact: str
    count: int
    left_s: float


def approve(session: Session, seen: Mapping[UUID, str], *, by: str, text: str | None = None) -> Made:
    """Approve proposals, each by the hash that was `seen`; `text` replaces the text of a single one.

    Raises TextRefusedError if `text` can't be sent.
    """

    def decide(action_id: UUID) -> Decision:
        if text is not None:
            return approval.edit_proposal(session, action_id, text, seen=seen[action_id], by=by)
        return approval.approve_proposal(session, action_id, seen=seen[action_id], by=by)

    return _make(session, Choice.APPROVED, seen, decide, by=by)


def drop(session: Session, action_id: UUID, *, seen: str, by: str) -> Made:
    """Leave the person of a proposal out this time."""
    return _make(
        session, Choice.DROPPED, {action_id: seen},
        lambda each: approval.drop_proposal(session, each, by=by), by=by,
    )  # fmt: skip


def never(session: Session, action_id: UUID, *, seen: str, by: str) -> Made:
    """Never contact the person of a proposal again, from any account that knows the address."""
    return _make(
        session, Choice.NEVER, {action_id: seen},
        lambda each: approval.never_contact(session, each, by=by), by=by,
    )  # fmt: skip


def hold(session: Session, action_id: UUID, until: date, *, seen: str, by: str) -> Made:
    """Hold the person of a proposal until a day, in every account; the proposal still waits."""

    def decide(each: UUID) -> Decision:
        for contact_id in list_known(session, each):
            holds.hold_contact(session, contact_id, until, reason=None, by=by)
        return Decision(DecisionOutcome.DONE, ActionState.PROPOSED)

    return _make(session, Choice.HELD, {action_id: seen}, decide, by=by)


def find_undoable(session: Session, *, by: str) -> Undoable | None:
    """Return the latest decision of this person that can still be taken back, or None."""
    latest = (
        select(StoredDecision)
        .where(
            StoredDecision.decided_by == by,
            StoredDecision.undone_at.is_(None),
            StoredDecision.decided_at > func.now() - UNDO_FOR,
        )
        .order_by(StoredDecision.decided_at.desc(), StoredDecision.id, StoredDecision.action_id)
    )
    row = session.scalars(latest.limit(1)).first()
    if row is None:
        return None
    names = (
        select(func.min(Contact.full_name), func.count(), func.now())
        .join(Action, Action.contact_id == Contact.id)
        .join(StoredDecision, StoredDecision.action_id == Action.id)
        .where(StoredDecision.id == row.id)
    )
    contact, count, now = session.execute(names).one()
    left = UNDO_FOR - (now - row.decided_at)
    return Undoable(row.id, Choice(row.choice), contact, count, left.total_seconds())


def take_back(session: Session, made_id: UUID, *, by: str) -> Mapping[UUID, UndoOutcome]:
    """Take a decision back, for each of its proposals; return the outcomes. Empty: it isn't this person's.

    The proposals wait for a decision again, with the text that they have.
    """
    audit.name_actor(session, by)
    rows = session.execute(
        select(StoredDecision, StoredDecision.decided_at > func.now() - UNDO_FOR)
        .where(StoredDecision.id == made_id, StoredDecision.decided_by == by)
        .order_by(StoredDecision.action_id)
        .with_for_update()
    ).all()
    refused = {row.action_id: UndoOutcome.CHANGED for row, _ in rows if row.undone_at is not None}
    refused |= {row.action_id: UndoOutcome.TOO_LATE for row, is_fresh in rows if not is_fresh}
    left = [row for row, _ in rows if row.action_id not in refused]
    restored = restore(session, Choice(left[0].choice), left) if left else {}
    for row in left:
        if restored[row.action_id] is UndoOutcome.DONE:
            row.undone_at = func.now()
            audit.record_change(session, by=by, change="proposal.undo", about=str(row.action_id))
    session.flush()
    return {**refused, **restored}


def delete_old_decisions(session: Session) -> None:
    """Delete decisions that nobody can take back any more."""
    session.execute(delete(StoredDecision).where(StoredDecision.decided_at < func.now() - _KEPT_FOR))


def _make(
    session: Session,
    choice: Choice,
    seen: Mapping[UUID, str],
    decide: Callable[[UUID], Decision],
    *,
    by: str,
) -> Made:
    """Decide on proposals that are as they were `seen`, and store each decision that is made."""
    audit.name_actor(session, by)
    decisions: dict[UUID, Decision] = {}
    made = Made(decisions)
    # Lock in the order of ids, like every change of many actions: otherwise transactions could deadlock.
    for action_id in sorted(seen):
        refused = approval.lock_seen(session, action_id, seen[action_id])
        if refused is not None:
            decisions[action_id] = refused
            continue
        before = note_before(session, choice, action_id)
        decisions[action_id] = decide(action_id)
        if decisions[action_id].outcome is DecisionOutcome.DONE:
            session.add_all(
                StoredDecision(id=made.id, action_id=each, choice=choice, decided_by=by, before=values)
                for each, values in before.items()
            )
            audit.record_change(session, by=by, change=f"proposal.{choice}", about=str(action_id))
    session.flush()
    return made
