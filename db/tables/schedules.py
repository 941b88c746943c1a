"""Message templates and schedules."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    SmallInteger,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, at_most, one_of
from worker.rules.model import CampaignKind
from worker.rules.texts.bounds import MAX_TEXT


class MessageTemplate(Base):
    """A message template, of all accounts or of one."""

    __tablename__ = "message_templates"
    __table_args__ = (
        UniqueConstraint("account_id", "language", "late", "body", postgresql_nulls_not_distinct=True),
        CheckConstraint("weight between 1 and 100", "weight"),
        *at_most(MAX_TEXT, "body"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    language: Mapped[str] = mapped_column(comment="ISO 639-1")
    late: Mapped[bool]
    body: Mapped[str]
    weight: Mapped[int] = mapped_column(
        SmallInteger, server_default=text("1"), comment="how often it is chosen, beside the others"
    )
    enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    default_key: Mapped[str | None] = mapped_column(
        unique=True, comment="which of the defaults that ship it is; null: a user's own"
    )
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Schedule(Base):
    """A campaign that starts by a cron rule in the account's zone."""

    __tablename__ = "schedules"
    __table_args__ = (
        CheckConstraint(one_of("kind", CampaignKind), "kind"),
        UniqueConstraint("account_id", "kind"),
        Index("ix_schedules_next_fire_at", "next_fire_at", postgresql_where=text("enabled")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    kind: Mapped[str]
    cron: Mapped[str]
    options: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    next_fire_at: Mapped[datetime]


class ScheduleFire(Base):
    """One instant at which a schedule fired. The primary key makes it fire once, with any number of beats."""

    __tablename__ = "schedule_fires"

    schedule_id: Mapped[int] = mapped_column(ForeignKey("schedules.id", ondelete="CASCADE"), primary_key=True)
    fire_at: Mapped[datetime] = mapped_column(primary_key=True)
    campaign_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("campaigns.id", ondelete="CASCADE"))
