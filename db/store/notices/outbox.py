"""The outbox: events are written in the transaction in which they happen, and told after its commit."""

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.queries import load_query
from db.tables import OutboxEvent
from worker.rules.notices.kinds import NoticeKind

Value = str | int | float | bool | None


def record_event(
    session: Session,
    kind: NoticeKind,
    *,
    key: str,
    account_id: int | None = None,
    payload: Mapping[str, Value | list[str] | list[int]] | None = None,
) -> bool:
    """Write an event in the caller's transaction; return False if it has been written before.

    An event is known by `kind` and `key`, so that the same is told once. `payload` holds ids, codes, counts
    and names of accounts: never a secret, and never a contact's name or a message. `account_id` None means
    that it concerns all accounts. Flushes nothing else.
    """
    statement = insert(OutboxEvent).values(
        kind=kind, key=key, account_id=account_id, payload=dict(payload or {})
    )
    return (
        session.execute(statement.on_conflict_do_nothing().returning(OutboxEvent.id)).scalar_one_or_none()
        is not None
    )


def delete_old_events(session: Session, before: timedelta) -> int:
    """Delete events older than `before`, with their deliveries, 5 000 at most; return how many."""
    deleted: int = session.scalars(load_query("delete_old_notices"), {"age": before}).one()
    return deleted
