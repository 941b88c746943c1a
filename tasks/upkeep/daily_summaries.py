"""Save and log the summary of each account's day once that day has ended."""

from db.store.people import accounts
from db.store.reports import summary
from tasks.services import Services
from worker import logs

log = logs.get_logger(__name__)


def record_ended_days(services: Services) -> int:
    """Save and log the summary of every account's day that has ended; return how many.

    Each day is saved and logged once, even with several beats: only the process that inserts its row logs it.
    """
    with services.database.transaction() as session:
        ended = summary.list_unsaved_days(session)
    saved = 0
    for account_id, on in ended:
        with services.database.snapshot() as session:
            day = summary.summarise_ended_day(session, accounts.get_account(session, account_id), on)
        with services.database.transaction() as session:
            is_new = summary.save_day(session, account_id, day)
        if is_new:
            log.info("daily_summary", **summary.dump_summary(day))
            saved += 1
    return saved
