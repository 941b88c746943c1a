"""Decisions on proposals that can be taken back."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, at_most, one_of
from worker.rules.messages.approval import Choice
from worker.rules.texts.bounds import MAX_LINE


class StoredDecision(Base):
    """One decision on one proposal. Those made with one press share an id."""

    __tablename__ = "decisions"
    __table_args__ = (
        CheckConstraint(one_of("choice", Choice), "choice"),
        *at_most(MAX_LINE, "decided_by"),
        Index("ix_decisions_action_id", "action_id"),
        Index("ix_decisions_decided_by", "decided_by", "decided_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    action_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("actions.id", ondelete="CASCADE"), primary_key=True
    )
    choice: Mapped[str]
    decided_by: Mapped[str]
    decided_at: Mapped[datetime] = mapped_column(server_default=func.now())
    before: Mapped[dict[str, Any]] = mapped_column(JSONB, comment="what the decision changed, as it was")
    undone_at: Mapped[datetime | None]
