"""Compare the quota's counters in Redis with the ledger in Postgres."""

from db.store.quota import ledger
from tasks.services import Services


def compare_quotas(services: Services) -> None:
    """Compare the counters of recently active accounts with the ledger; rebuild them where they differ."""
    with services.database.transaction() as session:
        active = ledger.list_active_accounts(session)
    for account_id in active:
        services.quota.compare_with_ledger(account_id)
