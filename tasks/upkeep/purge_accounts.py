"""Erase what is older than the retention of its account, for all accounts, now and then."""

from dataclasses import asdict
from datetime import timedelta

from db.store.people import accounts
from tasks.services import Services
from tasks.upkeep.retention import PURGED_AT_ONCE, find_stale, purge_stale
from worker import logs

log = logs.get_logger(__name__)


def purge_all_accounts(services: Services) -> None:
    """Erase what is older than its account's retention, at most PURGED_AT_ONCE people of each account."""
    with services.database.transaction() as session:
        everyone = accounts.list_accounts(session)
    for account in everyone:
        if account.keep_days is None:
            continue
        found = find_stale(services.database, account.id, timedelta(days=account.keep_days))
        purged = purge_stale(
            services.database, services.settings.evidence_dir, account.id, found, most=PURGED_AT_ONCE
        )
        if purged.waits or any((purged.people, purged.profiles, purged.scores, purged.campaigns)):
            log.info("data_purged", account=account.id, **asdict(purged))
