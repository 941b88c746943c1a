"""The checks of the HTTP guard, called directly."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from api_stub import throttle
from api_stub.http.access import api_key, guard
from api_stub.http.access.api_key import MAX_WRONG_KEYS
from api_stub.http.access.guard import KEYLESS_PATHS, KILL_SWITCH, METRICS, Guard
from api_stub.http.limits import request_limits
from api_stub.http.limits.request_limits import RequestRejected
from api_stub.http.request_context import RequestContext
from tests.cluster import run_apart
from tests.http.conftest import KEY, TestClient
from tests.http.front_door.test_front_door import problem
from worker.settings import Settings

SETTINGS: Final = Settings.model_construct(api_key=SecretStr(KEY), open_metrics=False)
AT_ONCE: Final = 32
LISTED: Final = "/data/actions"
Head = tuple[tuple[str, str], ...]


class Busy:
    """An application whose answers wait until the test releases them."""

    def __init__(self) -> None:
        self.working = 0
        self.let_go = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.working += 1
        await self.let_go.wait()
        self.working -= 1
        await Response(status_code=204)(scope, receive, send)

    async def works_on(self, number: int) -> None:
        """Wait until it processes so many requests."""
        while self.working != number:
            await asyncio.sleep(0)


async def answers(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer at once."""
    await Response(status_code=204)(scope, receive, send)


async def no_body() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def silence() -> Message:
    await asyncio.Event().wait()
    raise AssertionError


async def nothing_again_and_again() -> Message:
    await asyncio.sleep(0)
    return {"type": "http.request", "body": b"", "more_body": True}


async def a_client_that_has_gone() -> Message:
    return {"type": "http.disconnect"}


async def asked(
    app: ASGIApp,
    path: str = LISTED,
    receive: Callable[[], Awaitable[Message]] = no_body,
    head: Head = (),
    key: str = KEY,
) -> list[Message]:
    """Send a request to the guard; return the messages of its response."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    pairs = (("x-api-key", key), *head)
    scope = {
        "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in pairs], "client": ("10.0.0.1", 1),
        "state": {},
    }  # fmt: skip
    await app(scope, receive, send)
    return sent


async def status(*given: Any, **more: Any) -> int:
    """Send a request to the guard; return the response's status."""
    return int((await asked(*given, **more))[0]["status"])


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(30):
            await test()

    run_apart(bounded)


def test_so_many_requests_work_at_once_and_one_more_is_told_to_come_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(guard, "SLOT_TIMEOUT_S", 0.2)

    async def crowd() -> None:
        busy = Busy()
        door = Guard(busy, SETTINGS)
        working = [asyncio.create_task(status(door)) for _ in range(AT_ONCE)]
        await busy.works_on(AT_ONCE)
        (start, _) = await asked(door)
        assert start["status"] == 503
        assert (b"retry-after", b"5") in start["headers"]
        assert busy.working == AT_ONCE
        others = [asyncio.create_task(status(door, path)) for path in (*KEYLESS_PATHS, METRICS, KILL_SWITCH)]
        await busy.works_on(AT_ONCE + len(others))
        busy.let_go.set()
        assert {await each for each in (*working, *others)} == {204}
        again = await asyncio.gather(*(status(door) for _ in range(2 * AT_ONCE)))
        assert set(again) == {204}

    run(crowd)


def test_a_request_waits_a_moment_for_a_place() -> None:
    async def crowd() -> None:
        busy = Busy()
        door = Guard(busy, SETTINGS)
        working = [asyncio.create_task(status(door)) for _ in range(AT_ONCE)]
        await busy.works_on(AT_ONCE)
        late = asyncio.create_task(status(door))
        await asyncio.sleep(0)
        busy.let_go.set()
        assert {await each for each in (*working, late)} == {204}

    run(crowd)


def test_a_body_that_does_not_come_holds_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "SLOT_TIMEOUT_S", 0.2)

    async def crowd() -> None:
        door = Guard(answers, SETTINGS)
        slow = [asyncio.create_task(asked(door, receive=silence)) for _ in range(AT_ONCE)]
        await asyncio.sleep(0)
        assert await status(door) == 204
        for each in slow:
            each.cancel()
        await asyncio.gather(*slow, return_exceptions=True)

    run(crowd)


@pytest.mark.parametrize("receive", [silence, nothing_again_and_again])
def test_a_body_that_does_not_come_to_its_end_in_time_is_408(
    monkeypatch: pytest.MonkeyPatch, receive: Receive
) -> None:
    monkeypatch.setattr(request_limits, "BODY_TIMEOUT_S", 0.1)

    async def slow() -> None:
        start, _ = await asked(Guard(Busy(), SETTINGS), receive=receive)
        assert start["status"] == 408
        assert (b"connection", b"close") in start["headers"]

    run(slow)


def test_a_strangers_body_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_limits, "BODY_TIMEOUT_S", 0.2)

    async def slow() -> None:
        assert await status(Guard(Busy(), SETTINGS), receive=silence, key="wrong") == 401

    run(slow)


def test_who_goes_before_the_body_is_whole_has_asked_for_nothing() -> None:
    async def gone() -> None:
        busy = Busy()
        assert await asked(Guard(busy, SETTINGS), receive=a_client_that_has_gone) == []
        assert busy.working == 0

    run(gone)


class Clock:
    """A clock that the test moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr("worker.clock.monotonic_seconds", lambda: self.now)


def guessed(door: api_key.KeyCheck, address: str, key: str = "a guess") -> int | None:
    scope = {"type": "http", "headers": [(b"x-api-key", key.encode())], "client": (address, 1)}
    try:
        run_apart(lambda: door.find_caller(scope))
    except RequestRejected as refused:
        return refused.response.status_code
    return None


def test_guesses_are_slowed_down_for_a_minute_and_only_where_they_come_from(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, door = Clock(monkeypatch), api_key.KeyCheck(SETTINGS)
    assert {guessed(door, "2001:db8::1") for _ in range(MAX_WRONG_KEYS)} == {401}
    assert guessed(door, "2001:db8::2") == 429, "one customer has all of the network"
    assert guessed(door, "2001:db8:0:1::1") == 401
    assert guessed(door, "10.0.0.1") == 401
    assert guessed(door, "2001:db8::1", KEY) is None
    clock.now += 59
    assert guessed(door, "2001:db8::1") == 429
    clock.now += 61
    assert guessed(door, "2001:db8::1") == 401


def test_a_guesser_of_many_addresses_fills_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "_MAX_NETWORKS", 3)
    door = api_key.KeyCheck(SETTINGS)
    for number in range(9):
        guessed(door, f"10.0.0.{number}")
    assert list(door._wrong._wrong) == ["10.0.0.6", "10.0.0.7", "10.0.0.8"]


def test_an_answer_that_fails_half_way_is_not_begun_again() -> None:
    async def fails(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ZeroDivisionError

    async def one() -> None:
        assert [message["type"] for message in await asked(RequestContext(fails))] == ["http.response.start"]

    with capture_logs():
        run(one)


def request_lines(client: TestClient, *asked: tuple[str, str]) -> list[dict[str, Any]]:
    with capture_logs(processors=[merge_contextvars]) as lines:
        for method, address in asked:
            client.request(method, address)
    return [dict(line) for line in lines if line["event"] == "request"]


def test_a_request_has_one_line_with_its_route_and_key_and_without_its_address(client: TestClient) -> None:
    client.headers["X-Correlation-ID"] = "line-1"
    (line,) = request_lines(client, ("GET", f"/control/campaigns/{UUID(int=5)}?token=a-query"))
    assert line.pop("duration_ms") > 0
    assert line == {
        "event": "request",
        "log_level": "warning",
        "method": "GET",
        "route": "/control/campaigns/{campaign_id}",
        "status": 404,
        "key": "api",
        "user": None,
        "correlation_id": "line-1",
    }


def test_the_line_of_a_refused_request_has_its_route_and_no_key(client: TestClient) -> None:
    del client.headers["X-API-Key"]
    lines = request_lines(
        client,
        ("POST", "/control/birthday"),
        ("PATCH", "/control/birthday"),
        ("GET", "/a%0Ab"),
        ("BAD", "/x"),
    )
    assert [(line["method"], line["route"], line["status"], line["key"]) for line in lines] == [
        ("POST", "/control/birthday", 401, None),
        ("PATCH", "/control/birthday", 401, None),
        ("GET", "unknown", 401, None),
        ("other", "unknown", 401, None),
    ]


def test_probes_are_quiet_while_all_is_well(client: TestClient) -> None:
    (line,) = request_lines(client, ("GET", "/health"))
    assert line["log_level"] == "debug"


def test_a_stranger_learns_whether_we_are_ready_and_nothing_more(client: TestClient) -> None:
    del client.headers["X-API-Key"]
    assert client.get("/ready").json() == {"ready": False}


def test_a_wrong_field_with_an_endless_name_is_told_in_short(client: TestClient) -> None:
    answer = client.post("/control/birthday", json={"account": "demo", "x" * 50_000: 1})
    assert len(problem(answer, 422)) < 1_100


def test_a_crowd_at_postgres_is_told_to_come_again(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def every_connection_waits(*_: object, **__: object) -> None:
        raise PoolTimeoutError

    monkeypatch.setattr("api_stub.http.routes.history.overview.list_actions", every_connection_waits)
    answer = client.get(LISTED)
    assert "every connection to it is waiting" in problem(answer, 503)
    assert answer.headers["Retry-After"] == "5"
