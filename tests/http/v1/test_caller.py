"""`GET /v1/caller`, and what a key needs."""

import pytest

from tests.http.conftest import KEY, Front, TestClient
from tests.http.front_door.test_front_door import problem
from tests.http.v1.conftest import ClientAs


def test_a_key_learns_its_name_and_all_its_scopes(v1: TestClient, v1_as: ClientAs) -> None:
    assert v1.get("/v1/caller").json() == {"name": "api", "scopes": ["admin", "approve", "control", "read"]}
    assert v1_as("control").get("/v1/caller").json() == {
        "name": "control-key", "scopes": ["control", "read"],
    }  # fmt: skip


@pytest.mark.parametrize("header", ["X-API-Key", "Authorization"])
def test_a_key_comes_as_a_header_or_as_a_bearer_token(v1: TestClient, header: str) -> None:
    given = KEY if header == "X-API-Key" else f"Bearer {KEY}"
    keyless = {name: value for name, value in v1.headers.items() if name != "x-api-key"}
    answer = v1.build_request("GET", "/v1/caller", headers={**keyless, header: given})
    assert v1.send(answer).status_code == 200


def test_without_a_key_a_problem_says_so(v1: TestClient) -> None:
    answer = v1.get("/v1/caller", headers={"X-API-Key": "wrong"})
    assert problem(answer, 401)
    assert answer.json()["type"] == "/problems/key-wrong"


def test_head_is_get_without_the_body(v1: TestClient) -> None:
    read, head = v1.get("/v1/caller"), v1.head("/v1/caller")
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-type", "content-length", "cache-control"):
        assert head.headers[name] == read.headers[name]
    assert v1.head("/v1/caller", headers={"X-API-Key": "wrong"}).status_code == 401
    assert v1.head("/v1/nothing").status_code == 404


def test_a_method_that_is_not_there_is_told_which_are(v1: TestClient) -> None:
    for method in ("PUT", "DELETE", "POST", "PATCH", "OPTIONS", "TRACE"):
        answer = v1.request(method, "/v1/caller")
        assert problem(answer, 405)
        assert answer.headers["Allow"] == "GET, HEAD"


def test_whoever_is_told_to_wait_is_told_how_long(front: Front) -> None:
    client = front(api_key=None, database_url="postgresql://u:p@127.0.0.1:1/x")
    for answer in (client.get("/v1/caller"), client.get("/ready"), client.get("/data/actions")):
        assert (answer.status_code, answer.headers["Retry-After"].isdigit()) == (503, True)
