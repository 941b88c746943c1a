"""Delete old evidence: the folders of screenshots and traces, one for each day, and counts of marks."""

from datetime import date, datetime, timedelta
from pathlib import Path
from shutil import rmtree

from db.store import mark_matches
from tasks.services import Services
from worker import clock


def delete_old_evidence(services: Services) -> None:
    """Delete evidence older than its retention (RAPPORT_EVIDENCE_DAYS), unfinished files, and old counts."""
    settings = services.settings
    delete_day_folders(settings.evidence_dir, today=clock.now().date(), days=settings.evidence_days)
    delete_unfinished_files(settings.evidence_dir, now=clock.now())
    with services.database.transaction() as session:
        mark_matches.delete_old(session)


def delete_day_folders(folder: Path, *, today: date, days: int) -> int:
    """Delete the day folders older than `days`; return how many."""
    old = [
        day
        for day in folder.glob("????-??-??")
        if date.fromisoformat(day.name) < today - timedelta(days=days)
    ]
    for day in old:
        rmtree(day)
    return len(old)


def delete_unfinished_files(folder: Path, *, now: datetime) -> int:
    """Delete files that a killed worker was writing an hour ago or earlier; return how many."""
    before = (now - timedelta(hours=1)).timestamp()
    left = [part for part in folder.glob("????-??-??/.*.part") if part.stat().st_mtime < before]
    for part in left:
        part.unlink(missing_ok=True)
    return len(left)
