"""Say which upkeep is late."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from api_stub.checks.words import describe_job
from db.store import upkeep as store


def list_late_lines(session: Session) -> Iterator[str]:
    """Yield a line that names every late job and what to do; nothing if none is late."""
    if late := [each for each in store.list_jobs(session) if each.is_late]:
        yield f"upkeep is late: {'; '.join(map(describe_job, late))}; check with `rapport doctor`"
