"""Servers that accept and never answer: routes that don't need them work, others answer 503 in time."""

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from sqlalchemy.exc import OperationalError

from db.engine import Database
from db.store.kill_switch import get_kill_switch
from tests.http.conftest import KEY
from tests.http.server import Door, Silent, open_door
from tests.proxy import Proxy

MANY = 50
THE_KEY = {"X-API-Key": KEY}


@pytest.fixture
def crowd() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2 * MANY) as threads:
        yield threads


@pytest.fixture
def caller() -> Iterator[httpx.Client]:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    with httpx.Client(timeout=60, limits=limits) as client:
        yield client


def ends_in_seconds(door: Door) -> bool:
    door.process.send_signal(signal.SIGTERM)
    return door.process.wait(15) in {0, 1, -signal.SIGTERM}


def test_a_silent_redis_holds_up_neither_health_nor_the_kill_switch_nor_the_end(
    tmp_path: Path, database_url: str, database: Database, caller: httpx.Client, crowd: ThreadPoolExecutor
) -> None:
    with Silent() as silent, open_door(tmp_path, database_url, silent.url("redis")) as door:
        asked = [crowd.submit(caller.get, f"{door.url}/ready") for _ in range(MANY)]
        assert caller.get(f"{door.url}/health").status_code == 200
        pulled = caller.post(f"{door.url}/control/kill-switch", json={"on": True}, headers=THE_KEY)
        assert pulled.json()["on"] is True
        with database.transaction() as session:
            assert get_kill_switch(session) is not None
        answers = [each.result() for each in asked]
        assert {(each.status_code, each.text) for each in answers} == {(503, '{"ready":false}')}
        checks = caller.get(f"{door.url}/ready", headers=THE_KEY).json()["checks"]
        assert {name: check["ok"] for name, check in checks.items()} == {
            "postgres": True, "schema": True, "redis": False, "workers": False, "accounts": True,
        }  # fmt: skip
        assert checks["workers"]["detail"].startswith("Redis does not answer")
        assert silent.taken <= 4, "one probe at a time"
        crowd.submit(caller.get, f"{door.url}/ready")
        assert ends_in_seconds(door)


def test_a_silent_postgres_is_503_in_time_and_the_kill_switch_says_what_to_do(
    tmp_path: Path, redis_url: str, caller: httpx.Client, crowd: ThreadPoolExecutor
) -> None:
    with Silent() as silent, open_door(tmp_path, silent.url("postgresql"), redis_url) as door:
        listed = [crowd.submit(caller.get, f"{door.url}/data/actions", headers=THE_KEY) for _ in range(MANY)]
        ready = [crowd.submit(caller.get, f"{door.url}/ready") for _ in range(MANY)]
        assert caller.get(f"{door.url}/health").status_code == 200
        assert caller.get(f"{door.url}/metrics", headers=THE_KEY).status_code == 200
        pulled = caller.post(f"{door.url}/control/kill-switch", json={"on": True}, headers=THE_KEY)
        assert pulled.status_code == 503
        assert "Nothing is sent while Postgres does not answer" in pulled.json()["detail"]
        assert "stop the browser workers" in pulled.json()["detail"]
        assert {each.result().status_code for each in ready} == {503}
        answers = [each.result() for each in listed]
        assert {each.status_code for each in answers} == {503}
        assert all(each.headers["Retry-After"] for each in answers)
        causes = door.lines("not_possible_now")
        ids = {line["correlation_id"] for line in causes}
        assert {each.headers["X-Correlation-ID"] for each in answers} <= ids
        assert "ConnectionTimeout" in {line["error"] for line in causes}
        for _ in range(MANY):
            crowd.submit(caller.get, f"{door.url}/data/actions", headers=THE_KEY)
        assert ends_in_seconds(door)


def test_a_postgres_that_falls_silent_lets_go_of_who_waits_for_it(
    database_url: str, crowd: ThreadPoolExecutor
) -> None:
    with Proxy(database_url) as proxy:
        database = Database(proxy.url, application_name="tests", statement_timeout_ms=100)

        def is_pulled() -> bool:
            with database.transaction() as session:
                return get_kill_switch(session) is not None

        assert is_pulled() is False
        assert proxy.freeze() == 1
        with pytest.raises(OperationalError):
            crowd.submit(is_pulled).result(60)
        assert crowd.submit(is_pulled).result(60) is False  # on a connection in place of the frozen one
        database.close()
