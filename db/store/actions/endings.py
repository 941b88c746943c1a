"""End actions that no worker holds: those that are too late, and those of a person who is forgotten."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from db.store.actions.events import lock_audit_head
from db.tables import Account, Action
from worker.errors import Reason
from worker.rules.lifecycle import END_STATES, IN_FLIGHT, check_transition
from worker.rules.model import ActionState


def expire_actions(session: Session) -> int:
    """Skip planned and proposed actions whose last day has passed in the account's zone; return how many."""
    today = func.date(func.timezone(Account.time_zone, func.now()))
    expired = [
        Action.state.in_([ActionState.PLANNED, ActionState.PROPOSED]),
        Action.expires_on < func.current_date() + 1,  # no zone is further ahead; allows the index
        Action.expires_on < today,
    ]
    owners = select(Action.account_id).join(Account, Account.id == Action.account_id).where(*expired)
    skipped = 0
    for account_id in session.scalars(owners.distinct().order_by(Action.account_id)).all():
        # Lock the audit head first: no transaction that holds it waits for an action of the account. So
        # neither does this one: what somebody else has locked is left to the next run.
        lock_audit_head(session, account_id)
        late = (
            select(Action.id)
            .join(Account, Account.id == Action.account_id)
            .where(Action.account_id == account_id, *expired)
            .with_for_update(skip_locked=True, of=Action)
        )
        moved = session.execute(
            update(Action)
            .where(Action.id.in_(late))
            .values(state=ActionState.SKIPPED, reason=Reason.EXPIRED, detail="its last day has passed")
            .returning(Action.id)
        )
        skipped += len(moved.all())
    return skipped


def end_for_erasure(session: Session, contact_ids: Sequence[int]) -> int | None:
    """End the open actions of forgotten contacts; return how many. None, and no change, if one is in use.

    Raises OperationalError if one is locked (`for update nowait`).
    """
    return _end_open(session, Action.contact_id.in_(contact_ids), Reason.FORGOTTEN)


def end_for_removal(session: Session, account_id: int) -> int | None:
    """End the open actions of an account that is removed; as `end_for_erasure` otherwise."""
    return _end_open(session, Action.account_id == account_id, Reason.DROPPED_BY_HAND)


def _end_open(session: Session, which: ColumnElement[bool], reason: Reason) -> int | None:
    rows = session.scalars(
        select(Action)
        .where(which, Action.state.not_in(END_STATES))
        .order_by(Action.id)
        .with_for_update(nowait=True)
        .execution_options(populate_existing=True)
    ).all()
    if any(row.state in IN_FLIGHT or row.lease_until is not None for row in rows):
        return None
    uncertain = [row.id for row in rows if row.state == ActionState.UNCERTAIN]
    _end_actions(session, uncertain, reason, ActionState.UNCERTAIN, ActionState.NEEDS_REVIEW)
    for state in (ActionState.PLANNED, ActionState.PROPOSED, ActionState.NEEDS_REVIEW):
        ids = [row.id for row in rows if row.state == state]
        ids = [*ids, *uncertain] if state is ActionState.NEEDS_REVIEW else ids
        _end_actions(session, ids, reason, state)
    return len(rows)


def _end_actions(
    session: Session,
    ids: Sequence[UUID],
    reason: Reason,
    was: ActionState,
    becomes: ActionState = ActionState.SKIPPED,
) -> None:
    check_transition(was, becomes)
    session.execute(
        update(Action)
        .where(Action.id.in_(ids), Action.state == was)
        .values(state=becomes, reason=reason, detail=None)
        .execution_options(synchronize_session=False)
    )
