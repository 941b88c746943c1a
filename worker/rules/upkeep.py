"""Upkeep: how often each job is due, when a failed one is tried again, and when one is late."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final


class UpkeepJob(StrEnum):
    """A job that keeps promises over time. The task of each is `tasks.upkeep.` and its name."""

    EXPIRY = "expiry"
    REPLIES = "replies"
    SUMMARIES = "summaries"
    QUOTA = "quota"
    RETENTION = "retention"
    EVIDENCE = "evidence"
    BACKUP = "backup"


EVERY: Final[Mapping[UpkeepJob, timedelta]] = {
    UpkeepJob.EXPIRY: timedelta(minutes=5),
    UpkeepJob.REPLIES: timedelta(minutes=5),
    UpkeepJob.SUMMARIES: timedelta(minutes=5),
    UpkeepJob.QUOTA: timedelta(hours=1),
    UpkeepJob.RETENTION: timedelta(hours=6),
    UpkeepJob.EVIDENCE: timedelta(hours=1),
}
"""How long after a success each job is due again. Others are due once a person has scheduled them."""

TIME_LIMITS: Final[Mapping[UpkeepJob, timedelta]] = {UpkeepJob.BACKUP: timedelta(hours=1)}
"""The jobs that may take longer than any other task."""

_FIRST_RETRY: Final = timedelta(minutes=1)
_LAST_RETRY: Final = timedelta(hours=1)
_LEAST_GRACE: Final = timedelta(hours=1)
"""A restart or a deployment is shorter than this, so that it makes nothing late."""


def retry_after(every: timedelta, failures: int) -> timedelta:
    """Return the wait after this many failures in a row (1 or more): doubled each time, up to an hour.

    A job that is due more often than that is not tried less often because it failed.
    """
    longest = min(every, _LAST_RETRY)
    doublings = min(failures - 1, 16)  # more would only make a larger number, which the cap cuts
    return min(_FIRST_RETRY * (1 << doublings), longest)


def late_at(every: timedelta, last_ok: datetime | None, added: datetime) -> datetime:
    """Return when a job counts as late: it has missed its time by as much again, by an hour at least.

    Counted from its last success, or from when it was added; failures and retries do not move it.
    """
    return (last_ok or added) + every + max(every, _LEAST_GRACE)
