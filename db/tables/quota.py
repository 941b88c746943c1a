"""Limits of accounts, their audit log, epochs, and the counters of the fallback."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, at_most, one_of
from worker.rules.model import Kind
from worker.rules.texts.bounds import MAX_LINE


class QuotaLimit(Base):
    """An account's own limits for one kind; without a row the site's defaults apply."""

    __tablename__ = "quota_limits"
    __table_args__ = (
        CheckConstraint(one_of("kind", Kind), "kind"),
        CheckConstraint("0 <= per_day and per_day <= per_week and 0 <= per_run", "counts"),
        CheckConstraint("0 <= gap_min_ms and gap_min_ms <= gap_max_ms", "gap"),
        CheckConstraint(
            "0 <= opens_minute and opens_minute < closes_minute and closes_minute <= 1440", "hours"
        ),
        CheckConstraint("1 <= days and days <= 127", "days"),
        CheckConstraint("0 <= reserved_per_day and reserved_per_day <= per_day", "reserved"),
    )

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    per_run: Mapped[int]
    per_day: Mapped[int]
    per_week: Mapped[int]
    gap_min_ms: Mapped[int]
    gap_max_ms: Mapped[int]
    opens_minute: Mapped[int] = mapped_column(server_default=text("0"), comment="wall clock, from midnight")
    closes_minute: Mapped[int] = mapped_column(server_default=text("1440"))
    days: Mapped[int] = mapped_column(server_default=text("127"), comment="bit 0 is Monday")
    reserved_per_day: Mapped[int] = mapped_column(server_default=text("0"))


class QuotaTotal(Base):
    """An account's own limits for all kinds together; without a row the site's defaults apply."""

    __tablename__ = "quota_totals"
    __table_args__ = (CheckConstraint("0 <= per_day and per_day <= per_week", "counts"),)

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    per_day: Mapped[int]
    per_week: Mapped[int]


class QuotaCut(Base):
    """The consequence of a site's limit page: the kind pauses, then its limits are cut for a while."""

    __tablename__ = "quota_cuts"
    __table_args__ = (CheckConstraint(one_of("kind", Kind), "kind"),)

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    paused_until: Mapped[datetime]
    cut_until: Mapped[datetime]


class QuotaChange(Base):
    """The audit log of limits: who changed which limit, when, from what to what."""

    __tablename__ = "quota_changes"
    __table_args__ = (
        *at_most(MAX_LINE, "changed_by"),
        Index("ix_quota_changes_account_id", "account_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    what: Mapped[str] = mapped_column(comment="a kind, or: total, warm_up, breaker")
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    changed_by: Mapped[str]
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())


class QuotaEpoch(Base):
    """How often an account's counters were rebuilt: the fencing token of every grant.

    An intent checks the epoch of its grant, so what was granted before a rebuild can't act after it.
    `fallback` is the epoch in which the fallback's own charges are complete.
    """

    __tablename__ = "quota_epochs"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    epoch: Mapped[int] = mapped_column(server_default=text("1"))
    fallback: Mapped[int] = mapped_column(server_default=text("0"))


class QuotaCharge(Base):
    """One unit charged by the fallback; the script stores the same in its leases and sorted sets."""

    __tablename__ = "quota_charges"
    __table_args__ = (CheckConstraint(one_of("kind", Kind), "kind"),)

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    reservation_id: Mapped[str] = mapped_column(primary_key=True)
    run_id: Mapped[str | None]
    charged_at: Mapped[datetime]
    held: Mapped[bool]
    lapses_at: Mapped[datetime | None]


class QuotaGate(Base):
    """The gap and the breaker of a kind. Breakers of the engine in Redis are stored here too."""

    __tablename__ = "quota_gates"
    __table_args__ = (CheckConstraint(one_of("kind", Kind), "kind"),)

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    gap_until: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(server_default=text("0"))
    openings: Mapped[int] = mapped_column(server_default=text("0"))
    open_until: Mapped[datetime | None]
    probe: Mapped[str | None]
