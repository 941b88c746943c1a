"""A command that starts a campaign says within seconds that Redis is away."""

from datetime import timedelta

import pytest

from api_stub.cli.campaigns import redis_watch
from api_stub.cli.campaigns.redis_watch import RedisWatch
from api_stub.stack.errors import NotRunningError
from db.engine import Database
from tests.builders import an_account
from tests.cli.conftest import Rapport
from worker import redis_address

NOWHERE = "redis://:secret-word@127.0.0.1:1/0"


def test_nothing_is_started_without_redis(
    rapport: Rapport, environment: pytest.MonkeyPatch, database: Database
) -> None:
    environment.setenv("REDIS_URL", NOWHERE)
    with database.transaction() as session:
        an_account(session)
    said = rapport.refused("campaign", "birthday", "demo", exit_code=3)
    assert said == "Redis doesn't answer at 127.0.0.1:1, so nothing was started; `rapport status`"


def test_a_redis_that_goes_away_ends_the_wait_for_a_worker(
    monkeypatch: pytest.MonkeyPatch, redis_url: str
) -> None:
    monkeypatch.setattr(redis_watch, "_ASK_EVERY", timedelta(0))
    assert not RedisWatch(redis_address.parse(redis_url)).is_away()
    watch = RedisWatch(redis_address.parse(NOWHERE))
    assert watch.is_away()
    monkeypatch.setattr(redis_watch, "_PATIENCE", timedelta(0))
    with pytest.raises(NotRunningError, match="may go on when Redis is back"):
        watch.is_away()
