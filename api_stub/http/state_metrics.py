"""The gauges of /metrics, read from Postgres at each scrape.

A gauge that a worker had set would keep its last value after midnight, after a sign-in and after an account's
removal.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Final

from prometheus_client.metrics_core import Metric
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from db.engine import Database
from db.store import mark_matches, upkeep
from db.store.people import accounts
from db.store.quota.remaining import list_remaining
from db.store.reports import halts
from worker import metrics
from worker.rules.halts import NEEDS_ATTENTION
from worker.rules.upkeep import UpkeepJob

_MOST_ACCOUNTS: Final = 200
"""Accounts whose windows are exposed, 20 series each."""


def read_state(database: Database) -> Sequence[Metric]:
    """Return the gauges as of now, or none if Postgres doesn't answer: absent, not stale."""
    try:
        with database.snapshot() as session:
            return list(_read(session))
    except (OperationalError, PoolTimeoutError, ProgrammingError):
        return ()


def _read(session: Session) -> Iterator[Metric]:
    halted = halts.list_halted_accounts(session)
    yield metrics.STOPPED.build(
        ((account.name, halt.code), 1) for account, halt in halted if halt.cause in NEEDS_ATTENTION
    )
    yield metrics.SIGN_IN_EXPIRES.build(
        ((account.name,), account.session_expires_at.timestamp())
        for account in accounts.list_accounts(session)
        if account.session is not None and account.session_expires_at is not None
    )
    yield metrics.RATE_LIMIT_REMAINING.build(
        ((str(each.account_id), each.kind, period), left)
        for each in list_remaining(session, most_accounts=_MOST_ACCOUNTS)
        for period, left in asdict(each.left).items()
    )
    yield metrics.MARKS_MISSING.build(
        ((each.site, each.mark, each.trend), 1) for each in mark_matches.list_fallen(session)
    )
    jobs = upkeep.list_jobs(session)
    yield metrics.UPKEEP_SUCCEEDED.build(_times((each.job, each.last_ok_at) for each in jobs))
    yield metrics.UPKEEP_FAILED.build(_times((each.job, each.last_failed_at) for each in jobs))
    yield metrics.UPKEEP_LATE.build(((each.job,), 1) for each in jobs if each.is_late)


def _times(
    times: Iterator[tuple[UpkeepJob, datetime | None]],
) -> Iterator[tuple[tuple[UpkeepJob], float]]:
    return (((job,), at.timestamp()) for job, at in times if at is not None)
