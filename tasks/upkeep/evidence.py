"""Delete old evidence: the folders of screenshots, one for each day."""

from datetime import date, timedelta
from pathlib import Path
from shutil import rmtree

from tasks.services import Services
from worker import clock


def delete_old_evidence(services: Services) -> None:
    """Delete the evidence that is older than its retention (RAPPORT_EVIDENCE_DAYS)."""
    settings = services.settings
    delete_day_folders(settings.evidence_dir, today=clock.now().date(), days=settings.evidence_days)


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
