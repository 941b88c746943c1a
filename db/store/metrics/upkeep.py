"""Upkeep jobs, and the elements of pages that are found less than they were."""

from collections.abc import Iterator
from datetime import datetime

from prometheus_client.metrics_core import Metric
from sqlalchemy.orm import Session

from db.store import mark_matches
from db.store import upkeep as jobs_store
from worker.metrics import state
from worker.rules.upkeep import UpkeepJob


def read(session: Session) -> Iterator[Metric]:
    """Yield the gauges."""
    yield state.MARKS_MISSING.build(
        ((each.site, each.mark, each.trend), 1) for each in mark_matches.list_fallen(session)
    )
    jobs = jobs_store.list_jobs(session)
    yield state.UPKEEP_SUCCEEDED.build(_times((each.job, each.last_ok_at) for each in jobs))
    yield state.UPKEEP_FAILED.build(_times((each.job, each.last_failed_at) for each in jobs))
    yield state.UPKEEP_LATE.build(((each.job,), 1) for each in jobs if each.is_late)


def _times(
    times: Iterator[tuple[UpkeepJob, datetime | None]],
) -> Iterator[tuple[tuple[UpkeepJob], float]]:
    return (((job,), at.timestamp()) for job, at in times if at is not None)
