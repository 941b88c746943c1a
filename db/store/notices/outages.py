"""Outages of the workers' queues: the outbox itself says whether one has been told and is not over."""

from collections.abc import Collection
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.store.notices.outbox import record_event
from db.tables import OutboxEvent
from worker.rules.notices.kinds import NoticeKind


class OutageState(StrEnum):
    """What an event says about the queues."""

    IDLE = "idle"
    REDIS_AWAY = "redis_away"
    OVER = "over"


def record_outage(session: Session, state: OutageState, queues: Collection[str] = ()) -> bool:
    """Write that an outage begins or is over; return False if that has been told.

    The event is keyed by the one before it, so that of two processes that see a change only one tells it.
    """
    last = session.execute(
        select(OutboxEvent.id, OutboxEvent.payload["state"].astext)
        .where(OutboxEvent.kind == NoticeKind.NOBODY_CONSUMES)
        .order_by(OutboxEvent.id.desc())
        .limit(1)
    ).first()
    was_out = last is not None and last[1] != OutageState.OVER
    if was_out is (state is not OutageState.OVER):
        return False
    return record_event(
        session,
        NoticeKind.NOBODY_CONSUMES,
        key=f"after:{last[0] if last else 0}",
        payload={"state": state, "queues": sorted(queues)},
    )
