"""Delete old evidence: the folders of screenshots, one for each day, and counts of marks."""

from datetime import date, timedelta
from pathlib import Path
from shutil import rmtree

from db.store import mark_matches
from tasks.services import Services
from worker import clock


def delete_old_evidence(services: Services) -> None:
    """Delete screenshots older than their retention (RAPPORT_EVIDENCE_DAYS), and counts nobody reads."""
    settings = services.settings
    delete_day_folders(settings.evidence_dir, today=clock.now().date(), days=settings.evidence_days)
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
