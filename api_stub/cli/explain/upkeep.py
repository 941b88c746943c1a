"""Say when upkeep last ran and failed, and name what is late."""

from collections.abc import Iterator, Sequence

from sqlalchemy.orm import Session

from api_stub.cli.formatting import UTC_ZONE, format_count, format_time
from db.store import upkeep as store
from db.store.upkeep import UpkeepState


def list_late_lines(session: Session) -> Iterator[str]:
    """Yield a line that names every late job and what to do; nothing if none is late."""
    if late := [each for each in store.list_jobs(session) if each.is_late]:
        yield f"upkeep is late: {'; '.join(map(describe_job, late))}; check with `rapport doctor`"


def describe_jobs(jobs: Sequence[UpkeepState]) -> str:
    """Return when each job last succeeded, and its failures since then, in one line."""
    return "; ".join(map(describe_job, jobs))


def describe_job(job: UpkeepState) -> str:
    """Return when the job last succeeded, and its failures since then."""
    done = f"done {format_time(job.last_ok_at, UTC_ZONE)}" if job.last_ok_at else "never done"
    if not job.failures or job.last_failed_at is None:
        return f"{job.job} {done}"
    times = format_count(job.failures, "failure", "failures")
    return (
        f"{job.job} {done}, {times} since, the last {format_time(job.last_failed_at, UTC_ZONE)}: {job.error}"
    )
