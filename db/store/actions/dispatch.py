"""Queue due actions, and postpone together all that a closed window denies."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.engine import Executor, fetch_first, send_with_next
from db.queries import load_query
from db.store.actions.claims import Claim
from db.tables import Action
from worker.errors import Reason
from worker.rules.messages.approval import UNDO_FIRST
from worker.rules.model import ActionState, Kind


@dataclass(frozen=True, slots=True)
class DueAction:
    """A queued action, as its message names it."""

    action_id: UUID
    kind: Kind
    campaign_id: UUID
    correlation_id: str


def queue_due_actions(
    session: Session, *, batch: int, lease: timedelta, undo_first: timedelta = UNDO_FIRST
) -> Sequence[DueAction]:
    """Queue due actions of up to `batch` accounts, one each, with a lease. Publish after the commit.

    What a person approved less than `undo_first` ago waits, so that it can be taken back.
    """
    given = {"batch": batch, "undo_first": undo_first}
    accounts = list(session.scalars(load_query("lock_ready_accounts"), given))
    if not accounts:
        return []
    send_with_next(session, "lock_audit_heads", {"accounts": accounts})
    chosen = {"accounts": accounts, "lease": lease, "undo_first": undo_first}
    return _read_due(session.execute(load_query("queue_due_actions"), chosen))


def queue_next_action(
    session: Executor, account_id: int, *, lease: timedelta, undo_first: timedelta = UNDO_FIRST
) -> Sequence[DueAction]:
    """Queue the account's next due action, if there is one, with a lease. Publish it after the commit.

    Raises OperationalError of LockNotAvailable if another process has locked the account.
    """
    send_with_next(session, "lock_account", {"account_id": account_id})
    given = {"account_id": account_id, "lease": lease, "undo_first": undo_first}
    row = fetch_first(session, "queue_next_action", given)
    return [] if row is None else _read_due([row])


def _read_due(rows: Iterable[Any]) -> Sequence[DueAction]:
    return [
        DueAction(action_id, Kind(kind), campaign_id, correlation_id)
        for action_id, kind, campaign_id, correlation_id in rows
    ]


def postpone_others(
    session: Session, claim: Claim, *, reason: Reason, until: datetime, detail: str | None = None
) -> None:
    """Postpone the account's other planned actions of this kind until then, with the same reason.

    A window that is closed for one is closed for all (a run's limit only for its campaign), so the quota
    needn't be asked for each of them. One that somebody else has locked asks for itself.
    """
    others = [
        Action.id != claim.action_id,
        Action.account_id == claim.account_id,
        Action.kind == claim.kind,
        Action.state == ActionState.PLANNED,
        Action.not_before < until,
    ]
    if reason is Reason.RUN_LIMIT:
        others.append(Action.campaign_id == claim.campaign_id)
    locked = select(Action.id).where(*others).with_for_update(skip_locked=True)
    waiting = {"reason": reason, "detail": detail, "not_before": until}
    session.execute(update(Action).where(Action.id.in_(locked)).values(waiting))
