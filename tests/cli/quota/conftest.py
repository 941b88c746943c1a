"""An account with limits of its own, and its quota in use."""

from collections.abc import Iterator

import pytest

from db.engine import Database
from db.store.people import accounts
from db.store.quota import limits
from tasks.quota import Quota
from tests.builders import an_account
from tests.cli.quota.helpers import HOUR, SECOND, TEN
from worker.quota import redis_quota
from worker.quota.redis_quota import RedisQuota
from worker.rules.model import Kind
from worker.rules.quota.limits import Limits, Totals
from worker.servers import redis_address


@pytest.fixture
def account_id(database: Database) -> int:
    with database.transaction() as session:
        account_id = an_account(session, limits=TEN).id
        accounts.save_session(session, account_id, b"sealed")
        limits.set_totals(session, account_id, Totals(20, 100), by="tests")
        return account_id


@pytest.fixture
def quota(database: Database, redis_url: str, account_id: int) -> Iterator[Quota]:
    """The quota, with three visits reserved."""
    client = redis_quota.connect(redis_address.parse(redis_url))
    in_use = Quota(database, RedisQuota(client), lease=HOUR)
    with database.transaction() as session:
        none = Limits(15, 12, 50, 0 * SECOND, 0 * SECOND)
        limits.set_limits(session, account_id, Kind.VISIT, none, by="tests")
    for n in range(3):
        assert in_use.reserve(account_id, Kind.VISIT, "run", f"visit:{n}").decision.granted
    yield in_use
    client.close()
