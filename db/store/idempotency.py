"""Requests with an Idempotency-Key: claim the key, then keep the answer for repetitions."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.engine import execute_counted
from db.tables import IdempotentAnswer

KEPT: Final = timedelta(hours=24)
"""How long an answer is kept; then the key is free."""
LEASE: Final = timedelta(minutes=2)
"""How long a request may run. Then its process has died: the front door ends a request after 90 s."""


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """The encrypted answer, and the hash of the request that it belongs to."""

    request_hash: bytes
    sealed: bytes


def claim(session: Session, key_hash: bytes) -> UUID | KeptAnswer | None:
    """Claim a key for a request: return its attempt, the kept answer, or None while another one runs."""
    attempt = uuid4()
    row = IdempotentAnswer
    is_free = or_(
        row.started_at < func.now() - KEPT,
        and_(row.sealed.is_(None), row.started_at < func.now() - LEASE),
    )
    new = {"attempt": attempt, "started_at": func.now(), "request_hash": None, "sealed": None}
    claimed = session.scalar(
        insert(row)
        .values(key_hash=key_hash, **new)
        .on_conflict_do_update(index_elements=[row.key_hash], set_=new, where=is_free)
        .returning(row.attempt)
    )
    if claimed is not None:
        return attempt
    found = session.scalar(select(row).where(row.key_hash == key_hash))
    if found is None or found.request_hash is None or found.sealed is None:
        return None
    return KeptAnswer(found.request_hash, found.sealed)


def keep_answer(session: Session, key_hash: bytes, attempt: UUID, answer: KeptAnswer) -> bool:
    """Keep the answer of an attempt; return whether the key is still claimed by it."""
    kept = (
        update(IdempotentAnswer)
        .where(IdempotentAnswer.key_hash == key_hash, IdempotentAnswer.attempt == attempt)
        .values(request_hash=answer.request_hash, sealed=answer.sealed)
    )
    return execute_counted(session, kept) == 1


def release(session: Session, key_hash: bytes, attempt: UUID) -> None:
    """Free the key of an attempt that has no answer to keep."""
    session.execute(
        delete(IdempotentAnswer).where(
            IdempotentAnswer.key_hash == key_hash, IdempotentAnswer.attempt == attempt
        )
    )


def delete_old_answers(session: Session) -> None:
    """Delete the answers that are kept no longer."""
    session.execute(delete(IdempotentAnswer).where(IdempotentAnswer.started_at < func.now() - KEPT))
