"""Read the outbox of events."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.tables import OutboxEvent


def events(session: Session) -> list[tuple[str, dict[str, Any]]]:
    """Return the kind and payload of every event, oldest first."""
    rows = session.execute(select(OutboxEvent.kind, OutboxEvent.payload).order_by(OutboxEvent.id))
    return [(kind, payload) for kind, payload in rows]


def kinds(session: Session) -> list[str]:
    """Return the kinds of all events, oldest first."""
    return [kind for kind, _ in events(session)]
