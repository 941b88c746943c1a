"""Asks Redis how the quota stands; where Redis can't tell, the ledger does. Changes nothing."""

from collections.abc import Iterator
from contextlib import contextmanager

from api_stub.responses.quota import Told
from api_stub.responses.quota_models import Source
from db.store.quota.status import Standing
from worker.quota import guard
from worker.quota.guard import Guard, QuotaAwayError
from worker.redis_address import RedisAddress
from worker.rules.quota.decision import Verdict


@contextmanager
def asking(address: RedisAddress) -> Iterator[Guard]:
    """Return who asks; the connection is closed at the end."""
    client = guard.connect(address)
    try:
        yield Guard(client)
    finally:
        client.close()


def ask(redis: Guard, standing: Standing) -> Told:
    """Return what Redis says, else what the ledger says and why it had to."""
    try:
        decision = redis.remaining(standing.purse)
    except QuotaAwayError:
        return Told(standing.told, Source.REDIS_AWAY)
    if decision.verdict is Verdict.COLD:
        return Told(standing.told, Source.REDIS_COLD)
    return Told(decision, Source.REDIS)
