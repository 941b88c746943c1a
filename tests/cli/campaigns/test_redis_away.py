"""A command that starts a campaign says within seconds that Redis is away."""

from datetime import timedelta

import pytest

from api_stub.cli.campaigns import redis_watch, start
from api_stub.cli.campaigns.redis_watch import RedisWatch
from api_stub.cli.explain.obstacles import Obstacles
from api_stub.stack.errors import NotRunningError
from db.engine import Database
from tasks.contract import BirthdayCampaign
from tests.builders import an_account
from tests.cli.conftest import Rapport
from worker import queues
from worker.servers import redis_address

NOWHERE = "redis://:secret-word@127.0.0.1:1/0"


def test_nothing_is_started_without_redis(
    rapport: Rapport, environment: pytest.MonkeyPatch, database: Database
) -> None:
    environment.setenv("REDIS_URL", NOWHERE)
    with database.transaction() as session:
        an_account(session)
    said = rapport.refused("campaign", "birthday", "demo", exit_code=3)
    assert said.startswith("Redis doesn't answer at 127.0.0.1:1, so nothing was started. If it was restarted")


def test_a_redis_that_goes_away_ends_the_wait_for_a_worker(
    monkeypatch: pytest.MonkeyPatch, redis_url: str
) -> None:
    monkeypatch.setattr(redis_watch, "_ASK_EVERY", timedelta(0))
    assert not RedisWatch(redis_address.parse(redis_url)).is_away()
    watch = RedisWatch(redis_address.parse(NOWHERE))
    assert watch.is_away()
    monkeypatch.setattr(redis_watch, "_PATIENCE", timedelta(0))
    with pytest.raises(NotRunningError, match="may continue when Redis is back"):
        watch.is_away()


def test_workers_that_have_yet_to_return_to_a_new_redis_are_waited_for(
    monkeypatch: pytest.MonkeyPatch, redis_url: str
) -> None:
    address = redis_address.parse(redis_url)
    monkeypatch.setattr(queues, "RETURN_S", 1e9)
    assert not queues.may_workers_return(address)  # no worker ever took messages
    with queues.connect(address) as redis:
        queues.record_consumer(redis, "all@box", queues.ALL_QUEUES, asked_s=0, busy_s=None)
    assert queues.may_workers_return(address)
    monkeypatch.setattr(queues, "RETURN_S", 0)
    assert not queues.may_workers_return(address)


@pytest.mark.parametrize("passes", [True, False])
def test_a_campaign_waits_only_for_what_may_pass(
    database: Database, monkeypatch: pytest.MonkeyPatch, passes: bool
) -> None:
    found = iter(["no worker takes messages", None])
    request = BirthdayCampaign(account="demo")
    monkeypatch.setattr(Obstacles, "find", lambda _: next(found))
    monkeypatch.setattr(Obstacles, "may_pass", lambda _: passes)
    obstacles = Obstacles(database, redis_address.parse(NOWHERE), request)
    assert start._find_lasting(obstacles) == (None if passes else "no worker takes messages")
