"""Sentinel fails over in the middle of a campaign: nobody is greeted twice or left out, the quota goes on."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from pytest_celery import CeleryTestBroker, CeleryTestSetup

from api_stub.sandbox.client import SandboxClient
from db.store.people.accounts import AccountRecord
from tasks.quota import Quota
from tests.cluster import ProcessContainer, wait_for
from tests.e2e.conftest import World
from tests.e2e.outsider import CAMPAIGN
from tests.e2e.test_chain import everybody_greeted_once
from tests.own_redis import PASSWORD, Watched, watched_redis
from worker.quota import redis_quota
from worker.quota.redis_quota import RedisQuota
from worker.rules.model import Kind
from worker.settings import Settings

pytestmark = pytest.mark.soak


class SentinelContainer(ProcessContainer):
    """The servers in the role of one container."""

    def __init__(self, servers: Watched, close: Callable[[], None]) -> None:
        self.name = self.id = "sentinel"
        admin = f"redis://:{PASSWORD}@127.0.0.1:{servers.replica.port}/0"
        self.celeryconfig = {"url": servers.url, "host_url": servers.url, "admin_url": admin}
        self._close = close

    @property
    def status(self) -> str:
        return "running"

    def ready(self) -> bool:
        return True

    def teardown(self) -> None:
        self._close()


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Watched, ExitStack]]:
    with ExitStack() as running:
        yield running.enter_context(watched_redis(tmp_path_factory.mktemp("redis"))), running


@pytest.fixture(scope="module")
def make_broker(watched: tuple[Watched, ExitStack]) -> Callable[[Path], CeleryTestBroker]:
    servers, running = watched
    return lambda _: CeleryTestBroker(SentinelContainer(servers, running.close))


def test_a_campaign_survives_the_loss_of_the_master(
    celery_setup: CeleryTestSetup,
    world: World,
    sandbox: SandboxClient,
    account: AccountRecord,
    watched: tuple[Watched, ExitStack],
) -> None:
    celery_setup.app.send_task(CAMPAIGN, kwargs={"account": "demo", "late_days": 7}, queue="control")
    wait_for("the second greeting", lambda: len(sandbox.ledger("demo")) >= 2)
    watched[0].fail_over()
    everybody_greeted_once(world, sandbox, account, expected=13)
    quota = Quota(
        world.database, RedisQuota(redis_quota.connect(world.settings.redis)), lease=Settings().lease
    )
    assert quota.compare_with_ledger(account.id)
    grant = quota.reserve(account.id, Kind.VISIT, "", "after the failover")
    assert not grant.by_fallback
