"""Asks Redis how the quota stands; where Redis can't tell, the ledger does. Changes nothing."""

from collections.abc import Iterator
from contextlib import contextmanager

from api_stub.responses.quota import QuotaReading
from api_stub.responses.quota_models import Source
from db.store.quota.status import QuotaStatus
from worker.quota import redis_quota
from worker.quota.redis_quota import QuotaUnavailableError, RedisQuota
from worker.redis_address import RedisAddress
from worker.rules.quota.decision import Verdict


@contextmanager
def open_quota(address: RedisAddress) -> Iterator[RedisQuota]:
    """Return who asks; the connection is closed at the end."""
    client = redis_quota.connect(address)
    try:
        yield RedisQuota(client)
    finally:
        client.close()


def read_quota(redis: RedisQuota, standing: QuotaStatus) -> QuotaReading:
    """Return what Redis says, else what the ledger says and why it had to."""
    try:
        decision = redis.remaining(standing.context)
    except QuotaUnavailableError:
        return QuotaReading(standing.told, Source.REDIS_AWAY)
    if decision.verdict is Verdict.COLD:
        return QuotaReading(standing.told, Source.REDIS_COLD)
    return QuotaReading(decision, Source.REDIS)
