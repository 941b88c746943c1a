"""The script on each available server: the one that ships with Rapport, and a redis-server on the PATH."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from api_stub.stack.servers.ports import find_free_port
from db.engine import Database
from db.store.people.accounts import AccountRecord
from tasks.quota import Quota
from tests import builders
from tests.quota.helpers import LEASE, Engine, MovableClock, RuleEngine, text_client
from worker.quota import redis_quota
from worker.quota.redis_quota import RedisQuota
from worker.servers import redis_address

ON_PATH = shutil.which("redis-server")
NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture(scope="session")
def other_redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A redis-server from the PATH; only requested if there is one."""
    assert ON_PATH is not None
    folder: Path = tmp_path_factory.mktemp("redis")
    port = find_free_port()
    url = f"redis://127.0.0.1:{port}/0"
    command = [ON_PATH, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        patient = Retry(ConstantBackoff(0.05), 200)
        with redis.Redis.from_url(url, retry=patient, retry_on_error=[redis.ConnectionError]) as client:
            client.ping()
        yield url
        process.terminate()


@pytest.fixture(params=["ours", *(["redis-server"] if ON_PATH else [])])
def quota_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty server."""
    if request.param == "ours":
        yield request.getfixturevalue("redis_url")
        return
    url: str = request.getfixturevalue("other_redis_url")
    with redis.Redis.from_url(url) as client:
        client.flushall()
        yield url
        client.flushall()


@pytest.fixture
def raw(quota_url: str) -> Iterator[redis.Redis]:
    """A plain client of the same server."""
    with text_client(quota_url) as client:
        yield client


@pytest.fixture
def quota(quota_url: str) -> Iterator[RedisQuota]:
    """The script as it ships, on the server's own clock."""
    client = redis_quota.connect(redis_address.parse(quota_url))
    yield RedisQuota(client)
    client.close()


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch, raw: redis.Redis) -> MovableClock:
    """A clock that the script of `timed` reads."""
    made = MovableClock(monkeypatch)
    made.add_server(raw)
    return made


@pytest.fixture
def timed(quota_url: str, time: MovableClock) -> Iterator[RedisQuota]:
    """The script on a movable clock, which starts at noon."""
    client = redis_quota.connect(redis_address.parse(quota_url))
    yield RedisQuota(client)
    client.close()


@pytest.fixture(params=["script", "rule"])
def engine(request: pytest.FixtureRequest, time: MovableClock) -> Engine:
    """Each engine on the same clock: the script, and the rule that the fallback calls."""
    timed: RedisQuota = request.getfixturevalue("timed")
    return timed if request.param == "script" else RuleEngine(time)


@pytest.fixture
def account(database: Database) -> AccountRecord:
    with database.transaction() as session:
        return builders.an_account(session)


@pytest.fixture
def with_redis(database: Database, redis_url: str) -> Iterator[Quota]:
    client = redis_quota.connect(redis_address.parse(redis_url))
    yield Quota(database, RedisQuota(client), lease=LEASE)
    client.close()


@pytest.fixture
def without_redis(database: Database) -> Quota:
    """The quota with a Redis that does not answer."""
    return Quota(database, RedisQuota(redis_quota.connect(redis_address.parse(NOWHERE))), lease=LEASE)
