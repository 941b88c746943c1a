"""Answers to requests with an Idempotency-Key, for their repetitions."""

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, Index, LargeBinary, func
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base


class IdempotentAnswer(Base):
    """One request. Until it is answered, `request_hash` and `sealed` are null.

    The answer is encrypted with a key that only the client's Idempotency-Key gives: it may hold names.
    """

    __tablename__ = "idempotent_answers"
    __table_args__ = (
        CheckConstraint("octet_length(key_hash) = 32", "key_hash"),
        CheckConstraint("octet_length(request_hash) = 32", "request_hash"),
        CheckConstraint("(request_hash is null) = (sealed is null)", "answered_whole"),
        Index("ix_idempotent_answers_started_at", "started_at"),
    )

    key_hash: Mapped[bytes] = mapped_column(
        LargeBinary, primary_key=True, comment="SHA-256 of the caller's name and the Idempotency-Key"
    )
    attempt: Mapped[uuid.UUID] = mapped_column(comment="of the request that may store the answer")
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    request_hash: Mapped[bytes | None] = mapped_column(
        LargeBinary, comment="SHA-256 of method, address, type and body"
    )
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary, comment="status, headers and body, encrypted")
