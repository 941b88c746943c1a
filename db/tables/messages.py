"""Refused broker messages."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Identity
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, one_of
from worker.rules.wire.refusals import Refusal


class RefusedMessage(Base):
    """A refused message: the reason, and its metadata without arguments."""

    __tablename__ = "refused_messages"
    __table_args__ = (
        CheckConstraint(one_of("reason", Refusal), "reason"),
        CheckConstraint(
            "length(concat(queue, detail, sha256, task, message_id, origin, shape)) <= 2000", "short"
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    refused_at: Mapped[datetime]
    queue: Mapped[str]
    reason: Mapped[str]
    detail: Mapped[str]
    size_bytes: Mapped[int]
    sha256: Mapped[str] = mapped_column(comment="of the whole message, in hexadecimal digits")
    task: Mapped[str | None]
    message_id: Mapped[str | None]
    origin: Mapped[str | None] = mapped_column(comment="who says that it sent it")
    shape: Mapped[str | None] = mapped_column(comment="names and types of its headers, without their values")
