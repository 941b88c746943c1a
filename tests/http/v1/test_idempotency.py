"""Idempotency-Key: the same request is made once, whatever its client repeats."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from fastapi import FastAPI, HTTPException, Request, Response
from sqlalchemy import text
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api_stub.http.faults import FaultType
from api_stub.http.problems import install_error_handlers
from api_stub.http.v1.idempotency import Idempotency
from db.engine import Database
from tasks.services import Services
from tasks.upkeep.expiry import expire_late_actions
from tests.cluster import run_apart
from tests.http.conftest import TestClient
from tests.http.v1.conftest import As
from tests.http.v1.test_pages_and_conditions import wrong
from worker.settings import Settings

KEY = {"Idempotency-Key": "order-1"}


class CutOff:
    """Middleware in place of the limit of uploads: a body ends with the status that its header names."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def cut_off() -> Message:
            if given := Headers(scope=scope).get("X-Cut-Off"):
                raise HTTPException(int(given), "too much")
            return await receive()

        await self._app(scope, cut_off if scope["type"] == "http" else receive, send)


class Doing:
    """An application that counts what it does, and waits where a test says so."""

    def __init__(self, database: Database) -> None:
        self.done = 0
        self.status = 201
        self.headers: dict[str, str] = {}
        self.is_there = threading.Event()
        self.may_end = threading.Event()
        self.app = app = FastAPI()
        app.state.database = database
        app.add_middleware(Idempotency)
        app.add_middleware(CutOff)
        app.add_middleware(As)
        install_error_handlers(app)

        @app.api_route("/v1/things", methods=["GET", "POST", "PUT", "DELETE"])
        async def do(request: Request) -> Response:
            self.done += 1
            if self.status >= 400:
                raise HTTPException(self.status, "no", self.headers)
            body = f"Zoë {self.done}: {len(await request.body())}"
            return Response(body, self.status, {"Location": "/v1/things/1"}, "text/plain")

        @app.post("/v1/unread", status_code=204)
        async def leave_body() -> None:
            self.done += 1

        @app.post("/v1/slow")
        def wait() -> str:
            self.is_there.set()
            assert self.may_end.wait(30)
            return "done"


@pytest.fixture
def doing(database: Database) -> Doing:
    return Doing(database)


@pytest.fixture
def client(doing: Doing) -> Iterator[TestClient]:
    with TestClient(doing.app, raise_server_exceptions=False) as client:
        yield client


def test_a_repeated_request_gets_the_first_ones_answer(client: TestClient, doing: Doing) -> None:
    first = client.post("/v1/things", content=b"a" * 9, headers=KEY)
    again = client.post("/v1/things", content=b"a" * 9, headers=KEY)
    assert (first.status_code, first.text, first.headers.get("Idempotency-Replayed")) == (
        201,
        "Zoë 1: 9",
        None,
    )
    assert again.headers.pop("Idempotency-Replayed") == "true"
    assert (again.status_code, again.content, again.headers) == (201, first.content, first.headers)
    assert doing.done == 1
    assert client.post("/v1/things", content=b"a" * 9).text == "Zoë 2: 9", "without a key all are made"


def test_another_request_with_the_same_key_is_refused(client: TestClient, doing: Doing) -> None:
    client.post("/v1/things", content=b"a", headers=KEY)
    for method, path, body, extra in (
        ("POST", "/v1/things", b"b", {}),
        ("POST", "/v1/things", b"", {}),
        ("PUT", "/v1/things", b"a", {}),
        ("POST", "/v1/things?x=1", b"a", {}),
        ("POST", "/v1/unread", b"a", {}),
        ("POST", "/v1/things", b"a", {"Content-Type": "text/csv"}),
    ):
        answer = client.request(method, path, content=body, headers={**KEY, **extra})
        wrong(answer, FaultType.IDEMPOTENCY_KEY_REUSED)
    assert doing.done == 1


def test_a_request_that_no_route_takes_claims_no_key(client: TestClient, doing: Doing) -> None:
    for _ in range(2):
        assert client.patch("/v1/things", headers=KEY).status_code == 405
        assert client.post("/v1/nothing", headers=KEY).status_code == 404
    assert client.post("/v1/things", headers=KEY).status_code == 201


def test_keys_of_two_callers_and_reads_do_not_meet(client: TestClient, doing: Doing) -> None:
    client.post("/v1/things", headers=KEY)
    assert client.post("/v1/things", headers={**KEY, "X-Caller": "other"}).text == "Zoë 2: 0"
    assert client.get("/v1/things", headers=KEY).text == "Zoë 3: 0"


def test_while_the_first_one_runs_the_second_is_told_to_wait(client: TestClient, doing: Doing) -> None:
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(client.post, "/v1/slow", headers=KEY)
        assert doing.is_there.wait(30)
        answer = client.post("/v1/slow", headers=KEY)
        doing.may_end.set()
        assert first.result().json() == "done"
    wrong(answer, FaultType.IDEMPOTENCY_KEY_IN_USE)
    assert answer.headers["Retry-After"] == "1"
    assert client.post("/v1/slow", headers=KEY).headers["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize(("status", "times"), [(404, 1), (409, 1), (422, 1), (408, 2), (429, 2), (503, 2)])
def test_a_refusal_is_an_answer_and_a_passing_fault_is_not(
    client: TestClient, doing: Doing, status: int, times: int
) -> None:
    doing.status = status
    answers = [client.post("/v1/things", headers=KEY) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [status, status]
    assert doing.done == times


def test_an_answer_that_says_to_try_later_is_not_kept(client: TestClient, doing: Doing) -> None:
    doing.status, doing.headers = 409, {"Retry-After": "10"}
    assert client.post("/v1/things", headers=KEY).status_code == 409
    doing.status = 201
    assert client.post("/v1/things", headers=KEY).status_code == 201


def test_a_change_of_another_version_is_another_request(client: TestClient, doing: Doing) -> None:
    doing.status = 412
    assert client.put("/v1/things", headers=KEY | {"If-Match": '"a"'}).status_code == 412
    wrong(client.put("/v1/things", headers=KEY | {"If-Match": '"b"'}), FaultType.IDEMPOTENCY_KEY_REUSED)
    assert doing.done == 1


def test_a_key_stays_claimed_if_its_request_is_cancelled_because_its_thread_may_go_on(
    client: TestClient, doing: Doing
) -> None:
    async def send_and_cancel() -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(doing.app), base_url="http://a") as own:
            sending = asyncio.create_task(own.post("/v1/slow", headers=KEY))
            await asyncio.to_thread(doing.is_there.wait, 30)
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
            doing.may_end.set()

    run_apart(send_and_cancel)
    wrong(client.post("/v1/slow", headers=KEY), FaultType.IDEMPOTENCY_KEY_IN_USE)


def test_a_body_that_nobody_reads_counts_all_the_same(client: TestClient, doing: Doing) -> None:
    assert client.post("/v1/unread", content=b"a", headers=KEY).status_code == 204
    wrong(client.post("/v1/unread", content=b"b", headers=KEY), FaultType.IDEMPOTENCY_KEY_REUSED)
    assert client.post("/v1/unread", content=b"a", headers=KEY).status_code == 204
    assert doing.done == 1


def test_a_body_that_is_cut_off_after_the_route_has_ended_is_a_problem_too(
    client: TestClient, doing: Doing
) -> None:
    cut_off = KEY | {"X-Cut-Off": "413"}
    wrong(client.post("/v1/unread", content=b"a", headers=cut_off), FaultType.BODY_TOO_LARGE)
    assert client.post("/v1/unread", content=b"a", headers=KEY).status_code == 204, "the key is free"


def test_a_key_is_free_after_a_day_and_after_its_process_died(
    client: TestClient, doing: Doing, database: Database
) -> None:
    def age(by: str) -> None:
        with database.transaction() as session:
            session.execute(text(f"update idempotent_answers set started_at = started_at - interval '{by}'"))

    client.post("/v1/things", headers=KEY)
    age("23 hours 59 minutes")
    assert client.post("/v1/things", headers=KEY).headers["Idempotency-Replayed"] == "true"
    age("1 minute")
    assert client.post("/v1/things", headers=KEY).text == "Zoë 2: 0"
    with database.transaction() as session:
        session.execute(text("update idempotent_answers set sealed = null, request_hash = null"))
    wrong(client.post("/v1/things", headers=KEY), FaultType.IDEMPOTENCY_KEY_IN_USE)
    age("2 minutes")
    assert client.post("/v1/things", headers=KEY).text == "Zoë 3: 0"


def test_what_is_kept_can_not_be_read_and_upkeep_deletes_it_after_a_day(
    client: TestClient, doing: Doing, database: Database
) -> None:
    client.post("/v1/things", content=b"secret", headers=KEY)
    services = Services(Settings.model_construct())
    services.database = database
    for age, left in ((0, 1), (86_000, 1), (86_401, 0)):
        with database.transaction() as session:
            age_all = text("update idempotent_answers set started_at = now() - :age * interval '1 second'")
            session.execute(age_all, {"age": age})
        expire_late_actions(services)
        with database.transaction() as session:
            rows = session.execute(text("select a::text, sealed from idempotent_answers a")).all()
        assert len(rows) == left
        for row in rows:
            assert "order-1" not in row[0]
            assert "Zoë 1".encode() not in bytes(row[1])  # two letters may occur in it by chance


@pytest.mark.parametrize("key", ["", " ", "two words", "x" * 256, "é"])
def test_a_malformed_key_is_refused(client: TestClient, doing: Doing, key: str) -> None:
    body = wrong(client.post("/v1/things", headers={"Idempotency-Key": key.encode()}), FaultType.FIELDS_WRONG)
    assert body["errors"][0]["field"] == "header.Idempotency-Key"
    assert doing.done == 0
