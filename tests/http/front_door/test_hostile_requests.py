"""Oversized and malformed requests, and wrong keys: the response to each."""

import http.client
import json
import re
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import closing

import pytest
from httpx import Response

from api_stub.http.access.api_key import MAX_WRONG_KEYS
from api_stub.http.limits import request_limits
from api_stub.http.request_context import SECURITY_HEADERS
from db.engine import Database
from tests import web
from tests.builders import an_account
from tests.http.conftest import KEY, TestClient
from tests.http.front_door.test_front_door import problem
from tests.http.server import Door, open_door

MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A running API without Postgres and Redis, which these requests never reach."""
    nowhere = "127.0.0.1:1/0"
    with open_door(
        tmp_path_factory.mktemp("door"), f"postgresql://{nowhere}", f"redis://{nowhere}"
    ) as opened:
        yield opened


def asked(door: Door, head: str, body: bytes = b"") -> tuple[int, str, bytes]:
    """Send raw bytes; return status, media type and body of the response."""
    with socket.create_connection(("127.0.0.1", door.port), timeout=30) as line:
        line.sendall(head.replace("\n", "\r\n").encode() + b"\r\n" + body)
        answer = http.client.HTTPResponse(line)
        answer.begin()
        assert {name: answer.headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS
        return answer.status, answer.headers["Content-Type"], answer.read()


def test_a_strangers_body_is_never_kept(door: Door) -> None:
    before = door.peak_memory()
    for key in ("wrong", "also-wrong", "wrong-again"):
        with closing(http.client.HTTPConnection("127.0.0.1", door.port, timeout=60)) as line:
            chunks = (b"[" * MEGABYTE for _ in range(50))
            line.request("POST", "/control/birthday", chunks, {"X-API-Key": key}, encode_chunked=True)
            assert line.getresponse().status == 401
    assert door.peak_memory() - before < 25 * MEGABYTE


def test_a_body_above_the_limit_is_413_with_and_without_a_length(door: Door) -> None:
    whole = json.dumps({"account": "demo", "note": "x" * request_limits.MAX_BODY_BYTES}).encode()
    headers = {"X-API-Key": KEY, "Content-Type": "application/json"}
    for body, chunked in ((whole, False), ((whole[i : i + 999] for i in range(0, len(whole), 999)), True)):
        with closing(http.client.HTTPConnection("127.0.0.1", door.port, timeout=60)) as line:
            line.request("POST", "/control/birthday", body, headers, encode_chunked=chunked)
            answer = line.getresponse()
            assert (answer.status, answer.headers["Content-Type"]) == (413, "application/problem+json")


def test_a_thousand_approvals_and_a_thousand_addresses_are_not_too_large(
    client: TestClient, database: Database
) -> None:
    with database.transaction() as session:
        an_account(session)
    some = "00000000-0000-4000-8000-{:012}"
    seen = {some.format(number): "0" * 64 for number in range(1000)}
    assert problem(client.post(f"/control/campaigns/{some.format(0)}/approve", json={"seen": seen}), 404)
    profiles = [f"https://sandbox.example/in/{'x' * 460}-{number}" for number in range(1000)]
    assert client.post("/control/visitor", json={"account": "demo", "profiles": profiles}).status_code in {
        202,
        422,
    }


def http_errors(door: Door) -> Counter[str]:
    """Return how many errors of each type the API has counted."""
    line = re.compile(r'^linkedin_errors_total\{service="http",type="(\w+)"\} (\d+)', re.MULTILINE)
    shown = web.get(f"{door.url}/metrics?part=processes", headers={"X-API-Key": KEY}).text
    return Counter({kind: int(count) for kind, count in line.findall(shown)})


def test_heads_that_are_too_large_or_no_http_are_problems_and_counted(door: Door) -> None:
    key = f"X-API-Key: {KEY}\n"
    many = "".join(f"X-{number}: a\n" for number in range(100))
    before = http_errors(door)
    for head, status in (
        (f"GET /health HTTP/1.1\nHost: a\n{many}", 431),
        (f"GET /health HTTP/1.1\nHost: a\nX-Long: {'x' * 20_000}\n", 431),
        (f"GET /health HTTP/1.1\nHost: a\nX-Long: {'x' * 900_000}\n", 431),
        (f"GET /data/actions?account={'x' * 5_000} HTTP/1.1\nHost: a\n{key}", 414),
        ("NONSENSE\n", 400),
        ("GET /health HTTP/1.1\nHost: a\nContent-Length: -1\n", 400),
        (f"GET /data/actions HTTP/1.1\nHost: a\n{key}{key}", 400),
    ):
        answered, media_type, body = asked(door, head)
        assert (answered, media_type) == (status, "application/problem+json"), head[:60]
        assert json.loads(body)["status"] == status
    assert http_errors(door) - before == Counter(http_431=3, http_414=1, http_400=3)


def test_wrong_keys_are_slowed_down_and_the_right_one_never_is(client: TestClient) -> None:
    def status(key: str) -> int:
        answer: Response = client.get("/data/actions", headers={"X-API-Key": key})
        return answer.status_code

    assert [status(f"guess-{number}") for number in range(MAX_WRONG_KEYS)] == [401] * MAX_WRONG_KEYS
    answer = client.get("/data/actions", headers={"X-API-Key": "one more"})
    assert "the right one is still accepted" in problem(answer, 429)
    assert 0 < int(answer.headers["Retry-After"]) <= 60
    assert status(KEY) == 200
    assert status("another") == 429
    assert client.get("/ready", headers={"X-API-Key": "guessed there"}).status_code == 429
    del client.headers["X-API-Key"]
    assert client.get("/data/actions").status_code == 401, "no key is no guess"
    assert client.get("/health").status_code == 200


def test_what_is_no_json_is_415_or_400_and_no_fault_of_ours(client: TestClient) -> None:
    def sent(body: bytes, media_type: str | None = "application/json") -> int:
        headers = {"Content-Type": media_type} if media_type else {}
        answer: Response = client.post("/control/kill-switch", content=body, headers=headers)
        assert problem(answer, answer.status_code)
        return answer.status_code

    plain = b'{"on": true}'
    for media_type in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=latin-1",
        None,
    ):
        assert sent(plain, media_type) == 415
    for body in (b"{", b"\xff\xfe", b'{"on": ' + b"9" * 5000 + b"}"):
        assert sent(body) in {400, 422}
    for depth in (10, 500, 990, 1_000, 30_000):
        assert sent(b'{"on": ' + b"[" * depth + b"]" * depth + b"}") in {400, 422}
    for text in (r"\ud800", r"\u0000", r"a\nb"):
        assert sent(f'{{"on": true, "by": "{text}"}}'.encode()) == 422
        assert sent(f'{{"on": true, "{text}": 1}}'.encode()) == 422
    assert client.get("/control/kill-switch").json()["on"] is False
    with_charset = {"Content-Type": "application/json; charset=UTF-8"}
    assert client.post("/control/kill-switch", content=plain, headers=with_charset).status_code == 200


def test_a_body_that_breaks_off_is_told_where(client: TestClient) -> None:
    answer = client.post(
        "/v1/campaigns", content=b'{"kind": "birthday"', headers={"Content-Type": "application/json"}
    )
    assert answer.json()["errors"] == [
        {"field": "body", "message": "this is no JSON: Expecting ',' delimiter at character 19"}
    ]


@pytest.mark.parametrize("on", ["yes", "true", "off", 1, 0, 1.0, None, [True]])
def test_only_true_and_false_move_the_kill_switch(client: TestClient, on: object) -> None:
    assert problem(client.post("/control/kill-switch", json={"on": on}), 422).startswith("body.on")
    assert client.get("/control/kill-switch").json()["on"] is False


@pytest.mark.parametrize(
    "field", [{"dry_run": 0}, {"dry_run": "no"}, {"late_days": "7"}, {"late_days": True}]
)
def test_a_value_of_another_type_is_no_number_and_no_yes(
    client: TestClient, field: dict[str, object]
) -> None:
    body = {"account": "demo", **field}
    assert problem(client.post("/control/birthday", json=body), 422).startswith(f"body.{next(iter(field))}")


def test_days_out_of_any_calendar_of_ours_are_refused_by_name(client: TestClient, database: Database) -> None:
    with database.transaction() as session:
        an_account(session)
    for day in (
        "0001-01-01",
        "1899-12-31",
        "9999-12-31",
        "2026-02-30",
        "5",
        "20260101",
        "2026-01-01T00:00:00",
    ):
        answer = client.get("/data/summary", params={"account": "demo", "on": day})
        assert problem(answer, 422).startswith("query.on"), day
    assert client.get("/data/summary", params={"account": "demo", "on": "1900-01-01"}).status_code == 200
