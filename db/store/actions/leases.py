"""Recover actions whose lease has expired because their worker died."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from db.store.actions import lifecycle
from db.store.campaigns import searches
from db.tables import Account, Action
from worker.errors import Reason
from worker.rules.lifecycle import check_transition
from worker.rules.model import ActionState, Kind
from worker.rules.policy import MAX_FAILURES, MAX_PROFILE_OPENS

_AFTER_LAPSE = {
    ActionState.QUEUED: ActionState.PLANNED,
    ActionState.CLAIMED: ActionState.PLANNED,
    ActionState.ACTING: ActionState.UNCERTAIN,
    ActionState.UNCERTAIN: ActionState.UNCERTAIN,
}
_GIVE_UP = ActionState.FAILED, Reason.TOO_MANY_ATTEMPTS
_ASK_PERSON = ActionState.NEEDS_REVIEW, Reason.CANNOT_TELL


@dataclass(frozen=True, slots=True)
class LapsedAction:
    """An action whose lease has expired; `was` is the state that its worker left it in, `becomes` the next.

    `attempt` is the one that has the unit of the quota: of an uncertain action, the one that acted.
    """

    action_id: UUID
    attempt: int
    account_id: int
    campaign_id: UUID
    correlation_id: str
    kind: Kind
    zone: ZoneInfo
    was: ActionState
    becomes: ActionState


def take_lapsed(session: Session, *, batch: int) -> Sequence[LapsedAction]:
    """Settle actions with an expired lease: queued and claimed are planned again, acting is uncertain.

    An acting one that only reads is planned again: it has no effect to look for. A lapse while claimed,
    reading or looking counts as a failure, because the action may kill its workers. After MAX_FAILURES it
    fails, a visit also after MAX_PROFILE_OPENS openings; for one that was looked at a person is asked.

    The caller settles the units: it releases those of claimed actions, keeps those of acting ones until they
    are reconciled, and commits those of pages that were being read and of what a person is asked about.
    """
    rows = session.execute(
        select(Action, Account.time_zone)
        .join(Account, Account.id == Action.account_id)
        .where(Action.lease_until < func.now())
        .order_by(Action.lease_until)
        .limit(batch)
        .with_for_update(skip_locked=True, of=Action)
    ).all()
    lapsed = []
    for action, time_zone in rows:
        was, reads = ActionState(action.state), Kind(action.kind).reads
        next_state, reason = _AFTER_LAPSE[was], Reason.LEASE_LAPSED
        if reads and was is ActionState.ACTING:
            next_state = ActionState.PLANNED
        looking = was is ActionState.UNCERTAIN and action.lease_owner is not None
        if was is ActionState.CLAIMED or looking or (reads and was is ActionState.ACTING):
            action.failures += 1
            opened = was is ActionState.ACTING and action.kind == Kind.VISIT
            if action.failures >= MAX_FAILURES or (
                opened and lifecycle.count_openings(session, action.id) >= MAX_PROFILE_OPENS
            ):
                next_state, reason = _ASK_PERSON if looking else _GIVE_UP
        check_transition(was, next_state, reading=reads)
        if next_state is ActionState.FAILED and action.kind == Kind.COLLECT:
            searches.mark_search_failed(session, action.campaign_id)
        action.state = next_state
        action.reason = reason
        action.detail = f"its worker ({action.lease_owner or 'none yet'}) did not finish while {was}"
        action.lease_owner = action.lease_until = None
        if next_state is ActionState.NEEDS_REVIEW:
            lifecycle.tell_needs_review(
                session, action.account_id, action.id,
                kind=Kind(action.kind), attempt=action.attempt, reason=reason,
            )  # fmt: skip
        acted = action.acting_attempt if was is ActionState.UNCERTAIN else None
        lapsed.append(
            LapsedAction(
                action.id, acted or action.attempt, action.account_id, action.campaign_id,
                action.correlation_id, Kind(action.kind), ZoneInfo(time_zone), was, next_state,
            )
        )  # fmt: skip
    return lapsed


def void_leases(session: Session) -> int:
    """Expire every lease now; return how many actions had one. Call this only while no worker runs."""
    session.execute(update(Account).values(inbox_lease_until=None))
    expired = update(Action).where(Action.lease_until.is_not(None)).values(lease_until=func.now())
    return len(session.execute(expired.returning(Action.id)).all())
