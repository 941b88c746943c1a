"""Erase people and profiles that are older than their account's retention (keep_days).

Works block by block, so it may be interrupted and repeated at any time.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from db.engine import Database
from db.store.privacy import retention
from db.store.privacy.retention import BLOCK, StaleData
from worker.screenshots import delete_evidence

Progress = Callable[[int], None]

PURGED_AT_ONCE = 15_000
"""People of one account in one run: seconds of work. A task that takes minutes is killed."""


@dataclass(frozen=True, slots=True)
class PurgeReport:
    """Counts of erased rows, and of screenshots on this machine. `waits`: an import delays erasing people."""

    people: int
    profiles: int
    scores: int
    campaigns: int
    pictures: int
    waits: bool


def find_stale(database: Database, account_id: int, keep: timedelta) -> StaleData:
    """Return the people and profiles that are older than `keep`."""
    with database.transaction() as session:
        return retention.find_stale_data(session, account_id, keep)


def purge_stale(
    database: Database,
    evidence: Path,
    account_id: int,
    found: StaleData,
    *,
    most: int | None = None,
    progress: Progress = lambda _: None,
) -> PurgeReport:
    """Erase what was found, at most `most` people; `progress` is called with the rows of each block.

    Rows that have been used again since they were found stay.
    """
    people, waits = _erase_people(database, account_id, found.before, found.people[:most], progress)
    profiles = _erase_all(database, account_id, found.before, retention.erase_profiles, progress)
    scores = _erase_all(database, account_id, found.before, retention.erase_scores, progress)
    with database.transaction() as session:
        campaigns = retention.erase_lists(session, account_id, found.before)
    addresses = [address for person in people for address in person]
    pictures = delete_evidence(evidence, [account_id], addresses) if addresses else 0
    return PurgeReport(len(people), profiles, scores, campaigns, pictures, waits)


def _erase_people(
    database: Database, account_id: int, before: datetime, ids: Sequence[int], progress: Progress
) -> tuple[Sequence[Collection[str]], bool]:
    people: list[Collection[str]] = []
    for start in range(0, len(ids), BLOCK):
        block = ids[start : start + BLOCK]
        with database.transaction() as session:
            erased = retention.erase_people(session, account_id, block, before)
        if erased is None:
            return people, True
        people += erased
        progress(len(block))
    return people, False


def _erase_all(
    database: Database,
    account_id: int,
    before: datetime,
    erase: Callable[[Session, int, datetime], int],
    progress: Progress,
) -> int:
    total = 0
    while True:
        with database.transaction() as session:
            erased = erase(session, account_id, before)
        if not erased:
            return total
        total += erased
        progress(erased)
