"""Read the quota from Redis, or from the ledger if Redis can't tell. Changes nothing."""

from collections.abc import Iterator
from contextlib import contextmanager

from api_stub.responses.quota_windows import QuotaReading, Source
from db.store.quota.status import QuotaStatus
from worker.quota import redis_quota
from worker.quota.redis_quota import QuotaUnavailableError, RedisQuota
from worker.rules.quota.model import Verdict
from worker.servers.redis_address import RedisAddress


@contextmanager
def open_quota(address: RedisAddress | None) -> Iterator[RedisQuota | None]:
    """Open the quota in Redis; closes its connection on exit. Without an address, nothing is opened."""
    if address is None:
        yield None
        return
    client = redis_quota.connect(address)
    try:
        yield RedisQuota(client)
    finally:
        client.close()


def read_quota(quota: RedisQuota | None, status: QuotaStatus) -> QuotaReading:
    """Return Redis' answer, else the ledger's and why Redis could not tell. None: Rapport isn't running."""
    if quota is None:
        return QuotaReading(status.by_ledger, Source.NOT_RUNNING)
    try:
        decision = quota.remaining(status.context)
    except QuotaUnavailableError:
        return QuotaReading(status.by_ledger, Source.REDIS_AWAY)
    if decision.verdict is Verdict.COLD:
        return QuotaReading(status.by_ledger, Source.REDIS_COLD)
    return QuotaReading(decision, Source.REDIS)
