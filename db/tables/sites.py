"""What is known about a site's pages: the verdicts of checks, and which forms of its marks matched."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, func
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, one_of
from worker.rules.sites.capabilities import Capability, Verdict


class SiteCheck(Base):
    """The verdict on one capability, as the site serves an account."""

    __tablename__ = "site_checks"
    __table_args__ = (
        CheckConstraint(one_of("capability", Capability), "capability"),
        CheckConstraint(one_of("verdict", Verdict), "verdict"),
        CheckConstraint("verdict <> 'drift' or seen_live_on is null", "drift_ends_trust"),
    )

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    capability: Mapped[str] = mapped_column(primary_key=True)
    verdict: Mapped[str]
    mark: Mapped[str | None] = mapped_column(comment="the mark that decided, if it is not ok")
    front_end: Mapped[str | None] = mapped_column(comment="the form in which the page was served")
    language: Mapped[str | None]
    checked_at: Mapped[datetime] = mapped_column(server_default=func.now())
    seen_live_on: Mapped[date | None] = mapped_column(comment="when a person confirmed a real send with it")
    supervised_since: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="of what was sent since then, a person must confirm one"
    )


class MarkMatch(Base):
    """How often a form of a mark matched on a day, on all workers."""

    __tablename__ = "mark_matches"
    __table_args__ = (CheckConstraint("looks > 0", "looks"),)

    site: Mapped[str] = mapped_column(primary_key=True)
    mark: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(
        primary_key=True, comment="the form that matched; empty: none of them did"
    )
    day: Mapped[date] = mapped_column(primary_key=True, comment="in UTC")
    looks: Mapped[int]
