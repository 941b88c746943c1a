"""What was sent to whom, for display and metrics."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from db.tables import Account, NoticeDelivery, NoticeTarget, OutboxEvent
from worker.rules.notices.deliveries import DeliveryState, SendFailure
from worker.rules.notices.kinds import NoticeKind


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """One event to one target. `ended_at` is when it was sent, failed or dropped; `error` says why not."""

    event_id: int
    at: datetime
    kind: NoticeKind
    account: str | None
    target: str
    state: DeliveryState
    attempts: int
    ended_at: datetime | None
    next_at: datetime | None
    maybe_twice: bool
    error: SendFailure | None
    message_id: UUID | None


@dataclass(frozen=True, slots=True)
class NoticeState:
    """How many notices wait and have failed, and how old the oldest is that waits."""

    pending: int
    failed: int
    oldest_pending: timedelta


def list_deliveries(
    session: Session,
    *,
    limit: int,
    target_id: UUID | None = None,
    state: DeliveryState | None = None,
    before: tuple[int, str] | None = None,
) -> Sequence[DeliveryRecord]:
    """Return the latest deliveries, newest events first, those of one event by target.

    `before` is event and target of the last delivery of the page before.
    """
    query = (
        select(OutboxEvent, NoticeDelivery, NoticeTarget.name, Account.name)
        .join(NoticeDelivery, NoticeDelivery.event_id == OutboxEvent.id)
        .join(NoticeTarget, NoticeTarget.id == NoticeDelivery.target_id)
        .outerjoin(Account, Account.id == OutboxEvent.account_id)
        .order_by(OutboxEvent.id.desc(), NoticeTarget.name)
        .limit(limit)
    )
    if target_id is not None:
        query = query.where(NoticeTarget.id == target_id)
    if state is not None:
        query = query.where(NoticeDelivery.state == state)
    if before is not None:
        event_id, target_name = before
        is_older = OutboxEvent.id < event_id
        query = query.where(OutboxEvent.id <= event_id, or_(is_older, NoticeTarget.name > target_name))
    return [
        DeliveryRecord(
            event_id=event.id,
            at=event.at,
            kind=NoticeKind(event.kind),
            account=account,
            target=target,
            state=DeliveryState(row.state),
            attempts=row.attempts,
            ended_at=row.ended_at,
            next_at=row.not_before if row.state == DeliveryState.PENDING else None,
            maybe_twice=row.maybe_twice,
            error=SendFailure(row.last_error) if row.last_error else None,
            message_id=row.message_id,
        )
        for event, row, target, account in session.execute(query)
    ]


def read_state(session: Session) -> NoticeState:
    """Return what waits and what has failed. Deliveries to a paused target don't wait."""
    waiting = NoticeDelivery.state.in_([DeliveryState.PENDING, DeliveryState.SENDING])
    failed = NoticeDelivery.state == DeliveryState.FAILED
    unpaused = NoticeTarget.paused_at.is_(None)
    waiting_since = func.min(OutboxEvent.at).filter(waiting, unpaused)
    row = session.execute(
        select(
            func.count().filter(waiting, unpaused).label("pending"),
            func.count().filter(failed).label("failed"),
            waiting_since.label("since"),
            func.now().label("now"),
        )
        .select_from(NoticeDelivery)
        .join(NoticeTarget, NoticeTarget.id == NoticeDelivery.target_id)
        .join(OutboxEvent, OutboxEvent.id == NoticeDelivery.event_id)
        .where(waiting | failed)  # most have been sent
    ).one()
    return NoticeState(row.pending, row.failed, row.now - row.since if row.since else timedelta(0))
