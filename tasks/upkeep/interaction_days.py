"""Merge the counts of interactions by day."""

from db.engine import Database
from db.store.reports.activity import merge_days


def merge_interaction_days(database: Database) -> None:
    """Merge the rows of each day, which only makes them quicker to read."""
    with database.transaction() as session:
        merge_days(session)
