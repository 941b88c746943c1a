"""The paths of before /v1 work as they did, and say what replaces them."""

import pytest

from api_stub.http.successors import SUCCESSORS
from tests.http.conftest import Front, TestClient

SOME_ID = "00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    ("method", "path", "successor"),
    [
        ("POST", "/control/birthday", "/v1/campaigns"),
        ("GET", "/control/campaigns?limit=1", "/v1/campaigns"),
        ("GET", f"/control/campaigns/{SOME_ID}", f"/v1/campaigns/{SOME_ID}"),
        ("GET", "/data/quota?account=demo", "/v1/accounts/demo/quota"),
        ("GET", "/data/quota?account=a%22%3E%0d%0aX:y%2F..", "/v1/accounts/a%22%3E%0D%0AX%3Ay%2F../quota"),
        ("GET", "/data/quota", None),
    ],
)  # fmt: skip
def test_an_old_path_names_its_successor(
    v1: TestClient, method: str, path: str, successor: str | None
) -> None:
    for headers in ({}, {"X-API-Key": "wrong"}):
        answer = v1.request(method, path, headers=headers)
        assert answer.headers["Deprecation"] == "@1795910400"
        expected = None if successor is None else f'<{successor}>; rel="successor-version"'
        assert answer.headers.get("Link") == expected


def test_a_new_path_and_the_probes_are_not_deprecated(v1: TestClient) -> None:
    for path in ("/v1/caller", "/health", "/ready", "/metrics", "/nothing"):
        assert "Deprecation" not in v1.get(path).headers


@pytest.mark.parametrize(
    "path", ["/control/campaigns?limit=1", "/data/contacts", "/data/nothing", "/health", "/ready"]
)
def test_an_old_path_also_answers_below_v1(v1: TestClient, path: str) -> None:
    old, new = v1.get(path), v1.get(f"/v1{path}")
    for answer in (old, new):
        del answer.headers["X-Correlation-ID"]
    assert (new.status_code, new.headers) == (old.status_code, old.headers)
    assert new.json().keys() == old.json().keys()
    assert v1.get(f"/v1{path}", headers={"X-API-Key": "wrong"}).status_code == (
        200 if path == "/health" else 401
    )


def test_below_a_prefix_the_successor_is_below_it_too(front: Front) -> None:
    client = front(public_url="https://example.org/rapport")
    for path in ("/control/campaigns", "/rapport/control/campaigns"):
        assert client.get(path).headers["Link"].startswith("</rapport/v1/campaigns>")


def test_every_old_route_is_marked_and_each_successor_exists(v1: TestClient) -> None:
    paths = v1.get("/openapi.json").json()["paths"]
    old = {path for path in paths if path.startswith(("/control/", "/data/"))}
    assert old == SUCCESSORS.keys()
    assert set(SUCCESSORS.values()) <= paths.keys()
    for path, verbs in paths.items():
        for operation in verbs.values():
            assert operation.get("deprecated", False) is (path in old), path
