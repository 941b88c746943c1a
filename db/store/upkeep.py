"""Upkeep jobs: take the due ones, record how they end, and list them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.engine import get_database_time
from db.tables import UpkeepRecord
from worker.rules.upkeep import EVERY, UpkeepJob, late_at, retry_after

_UNFINISHED: Final = "it did not finish: its worker was killed, or it took too long"
_LONGEST_ERROR: Final = 300


@dataclass(frozen=True, slots=True)
class UpkeepState:
    """One job as its row says at `now`. `failures` counts those since the last success."""

    job: UpkeepJob
    now: datetime
    due_at: datetime
    last_started_at: datetime | None
    last_ok_at: datetime | None
    last_failed_at: datetime | None
    failures: int
    error: str | None
    late_at: datetime

    @property
    def is_late(self) -> bool:
        """Whether it should have succeeded long ago."""
        return self.late_at <= self.now


def take_due_jobs(session: Session, *, lease: timedelta) -> Sequence[UpkeepJob]:
    """Lease the due jobs and return them, skipping those that another process takes or has.

    A job whose lease has lapsed is taken again if its message was lost. If it was started and did not end,
    that is a failure, and it waits like any other.
    """
    _add_missing(session)
    now = get_database_time(session)
    rows = session.scalars(
        select(UpkeepRecord)
        .where(
            UpkeepRecord.name.in_(UpkeepJob),
            UpkeepRecord.due_at <= now,
            or_(UpkeepRecord.leased_until.is_(None), UpkeepRecord.leased_until <= now),
        )
        .order_by(UpkeepRecord.due_at, UpkeepRecord.name)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    taken = []
    for row in rows:
        if row.leased_until is not None and _is_running(row):
            _record_failure(row, now, _UNFINISHED)
        else:
            job = UpkeepJob(row.name)
            row.leased_until, row.every = now + lease, EVERY.get(job, row.every)
            taken.append(job)
    return taken


def schedule_job(session: Session, job: UpkeepJob, every: timedelta) -> None:
    """Make a job due now, and again after `every`. For jobs that a person schedules."""
    statement = insert(UpkeepRecord).values(name=job, every=every)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["name"], set_={"every": every, "due_at": func.now(), "added_at": func.now()}
        )
    )


def unschedule_job(session: Session, job: UpkeepJob) -> None:
    """Let a job never be due again."""
    session.execute(delete(UpkeepRecord).where(UpkeepRecord.name == job))


def start_job(session: Session, job: UpkeepJob, *, lease: timedelta) -> None:
    """Record that the job begins, and hold it for `lease`."""
    session.execute(
        update(UpkeepRecord)
        .where(UpkeepRecord.name == job)
        .values(last_started_at=func.now(), leased_until=func.now() + lease)
    )


def finish_job(session: Session, job: UpkeepJob) -> None:
    """Record a success; the job is due again after its interval."""
    session.execute(
        update(UpkeepRecord)
        .where(UpkeepRecord.name == job)
        .values(last_ok_at=func.now(), failures=0, leased_until=None, due_at=func.now() + UpkeepRecord.every)
    )


def fail_job(session: Session, job: UpkeepJob, error: str) -> None:
    """Record a failure and why; the job is tried again after a wait that grows."""
    row = session.get(UpkeepRecord, job, with_for_update=True, populate_existing=True)
    if row is not None:
        _record_failure(row, get_database_time(session), error[:_LONGEST_ERROR])


def list_jobs(session: Session) -> Sequence[UpkeepState]:
    """Return every job that has a row, in the order of `UpkeepJob`. One statement."""
    rows = session.execute(select(UpkeepRecord, func.now()).where(UpkeepRecord.name.in_(UpkeepJob))).all()
    found = {
        row.name: UpkeepState(
            job=UpkeepJob(row.name),
            now=now,
            due_at=row.due_at,
            last_started_at=row.last_started_at,
            last_ok_at=row.last_ok_at,
            last_failed_at=row.last_failed_at,
            failures=row.failures,
            error=row.error if row.failures else None,
            late_at=late_at(row.every, row.last_ok_at, row.added_at),
        )
        for row, now in rows
    }
    return [found[job] for job in UpkeepJob if job in found]


def _add_missing(session: Session) -> None:
    """Add the jobs that the table doesn't have, such as those that are new in this version."""
    given = insert(UpkeepRecord).values([{"name": job, "every": every} for job, every in EVERY.items()])
    session.execute(given.on_conflict_do_nothing())


def _is_running(row: UpkeepRecord) -> bool:
    started, ended = row.last_started_at, (row.last_ok_at, row.last_failed_at)
    return started is not None and all(at is None or at < started for at in ended)


def _record_failure(row: UpkeepRecord, now: datetime, error: str) -> None:
    row.failures += 1
    row.last_failed_at, row.error = now, error
    row.leased_until = None
    row.due_at = now + retry_after(row.every, row.failures)
