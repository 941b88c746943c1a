"""Upkeep jobs: when each is due, and when it last ran and failed."""

from datetime import datetime, timedelta

from sqlalchemy import CheckConstraint, Interval, func, text
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Base


class UpkeepRecord(Base):
    """One upkeep job. Being a row, it is due by the calendar, however often processes are restarted."""

    __tablename__ = "upkeep_jobs"
    __table_args__ = (
        CheckConstraint("every > interval '0'", "every"),
        CheckConstraint("last_failed_at is null or error is not null", "failed_says_why"),
        CheckConstraint("length(error) <= 300", "short"),
    )

    name: Mapped[str] = mapped_column(primary_key=True)
    every: Mapped[timedelta] = mapped_column(Interval, comment="from one success to the next run")
    due_at: Mapped[datetime] = mapped_column(server_default=func.now())
    leased_until: Mapped[datetime | None] = mapped_column(comment="a worker has it, or a message to one")
    added_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_started_at: Mapped[datetime | None]
    last_ok_at: Mapped[datetime | None]
    last_failed_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(server_default=text("0"), comment="in a row")
    error: Mapped[str | None] = mapped_column(comment="of the last failure, without data of people")
