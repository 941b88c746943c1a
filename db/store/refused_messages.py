"""Refused broker messages. Only the latest MAX_KEPT are stored."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from db.tables import RefusedMessage as Row
from worker.rules.wire.refusals import Refusal, RefusedMessage

MAX_KEPT: Final = 10_000
"""About 10 MB. A flood evicts older messages; the log and the metric still count them."""


def save_refused_messages(session: Session, messages: Sequence[RefusedMessage]) -> None:
    """Store these messages in order, and delete the oldest beyond MAX_KEPT."""
    session.execute(insert(Row), [asdict(message) for message in messages])
    newest = select(func.max(Row.id)).scalar_subquery()
    session.execute(delete(Row).where(Row.id <= newest - MAX_KEPT))


def list_refused_messages(
    session: Session, *, limit: int, reason: Refusal | None = None
) -> Sequence[RefusedMessage]:
    """Return the latest messages, newest first, optionally of one reason."""
    return [message for _, message in list_numbered(session, limit=limit, reason=reason)]


def list_numbered(
    session: Session, *, limit: int, reason: Refusal | None = None, before: int | None = None
) -> Sequence[tuple[int, RefusedMessage]]:
    """Return messages with their numbers, newest first: those with a number less than `before`."""
    query = select(Row).order_by(Row.id.desc()).limit(limit)
    if reason is not None:
        query = query.where(Row.reason == reason)
    if before is not None:
        query = query.where(Row.id < before)
    return [(row.id, _to_message(row)) for row in session.scalars(query)]


def _to_message(row: Row) -> RefusedMessage:
    return RefusedMessage(
        refused_at=row.refused_at,
        queue=row.queue,
        reason=Refusal(row.reason),
        detail=row.detail,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        task=row.task,
        message_id=row.message_id,
        origin=row.origin,
        shape=row.shape,
    )
