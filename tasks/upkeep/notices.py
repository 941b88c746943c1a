"""Delete old events and what was sent about them."""

from datetime import timedelta
from typing import Final

from db.engine import Database
from db.store.notices.outbox import delete_old_events
from worker import logs

log = logs.get_logger(__name__)

_KEPT: Final = timedelta(days=30)


def delete_old_notices(database: Database) -> None:
    """Delete events older than 30 days, block by block, with their deliveries."""
    total = 0
    while True:
        with database.transaction() as session:
            deleted = delete_old_events(session, _KEPT)
        if not deleted:
            break
        total += deleted
    if total:
        log.info("old_events_deleted", events=total)
