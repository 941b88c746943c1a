"""Upkeep jobs: publish the due ones, and record how each ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from db.store import upkeep
from tasks.publish import publish_task
from tasks.services import Services
from worker import logs
from worker.errors import RapportError, RequestRefusedError
from worker.rules.upkeep import TIME_LIMITS, UpkeepJob

log = logs.get_logger(__name__)

_LEASE_MARGIN: Final = timedelta(seconds=30)
"""A task that exceeds the time limit is killed by then."""


def publish_due_jobs(services: Services) -> None:
    """Lease the jobs that are due, and publish the task of each after the commit.

    With two beats only one of the ticks finds a job due. If a message is lost, its lease lapses, and a later
    tick publishes the job again.
    """
    with services.database.transaction() as session:
        due = upkeep.take_due_jobs(session, lease=services.settings.action_time_limit + _LEASE_MARGIN)
    for job in due:
        publish_task(f"tasks.upkeep.{job}")


@contextmanager
def recorded(services: Services, job: UpkeepJob) -> Iterator[None]:
    """Record when the block begins, and whether it succeeds or why it fails. Errors are raised again."""
    with services.database.transaction() as session:
        upkeep.start_job(session, job, lease=_time_limit(services, job) + _LEASE_MARGIN)
    try:
        yield
    except Exception as error:
        _record_failure(services, job, error)
        raise
    with services.database.transaction() as session:
        upkeep.finish_job(session, job)


def _record_failure(services: Services, job: UpkeepJob, error: Exception) -> None:
    try:
        with services.database.transaction() as session:
            upkeep.fail_job(session, job, _describe(error))
    except SQLAlchemyError as away:  # when its lease has lapsed, the job counts as not finished
        log.warning("upkeep_not_recorded", job=job, error=type(away).__name__)


def _describe(error: Exception) -> str:
    """Describe an error without values: file names and rows may name people."""
    if isinstance(error, RapportError):
        return error.reason
    if isinstance(error, DBAPIError):
        return type(error.orig).__name__
    if isinstance(error, RequestRefusedError) and isinstance(error.__cause__, Exception):
        return _describe(error.__cause__)
    if isinstance(error, OSError) and error.strerror:
        return f"{type(error).__name__}: {error.strerror}"
    return type(error).__name__


def _time_limit(services: Services, job: UpkeepJob) -> timedelta:
    return TIME_LIMITS.get(job, services.settings.action_time_limit)
