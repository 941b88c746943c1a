"""What triggers keep, and nothing else may write: totals that only grow, interactions by day, recent changes.

The totals outlive what they count: actions, contacts and imports may be erased, and an account removed.
"""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base, one_of
from worker.rules.reports.totals import PeopleSource, ProcessedOutcome


class ActionTotal(Base):
    """How many of an account's actions moved from one state to another, by kind and reason.

    It grows in the transaction of the move. An account's moves wait for each other anyway, so two accounts
    never write to one row. An empty `from_state` is a new action, an empty `reason` is none.
    """

    __tablename__ = "action_totals"

    account_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    campaign_kind: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    from_state: Mapped[str] = mapped_column(primary_key=True)
    to_state: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str] = mapped_column(primary_key=True)
    moves: Mapped[int] = mapped_column(server_default=text("1"))


class PeopleTotal(Base):
    """How many people an account's searches found and its imports read, by outcome."""

    __tablename__ = "people_totals"
    __table_args__ = (
        CheckConstraint(one_of("source", PeopleSource), "source"),
        CheckConstraint(one_of("outcome", ProcessedOutcome), "outcome"),
    )

    account_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    source: Mapped[str] = mapped_column(primary_key=True)
    outcome: Mapped[str] = mapped_column(primary_key=True)
    people: Mapped[int]


class InteractionsByDay(Base):
    """A part of the number of an account's interactions of one type on one day in its zone.

    The sum over the rows of a day is exact. Each statement that changes interactions adds a row, which is
    negative if they were deleted; upkeep merges the rows of a day.
    """

    __tablename__ = "interactions_by_day"
    __table_args__ = (Index("ix_interactions_by_day_account_id_day", "account_id", "day"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    account_id: Mapped[int]
    day: Mapped[date]
    type: Mapped[str]
    happened: Mapped[int]
    answered: Mapped[int] = mapped_column(comment="how many of these have a reply by now")


class RecentChange(Base):
    """A transaction of the last hour that changed what a page shows, by its id in Postgres."""

    __tablename__ = "recent_changes"

    xid: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(server_default=func.now())
