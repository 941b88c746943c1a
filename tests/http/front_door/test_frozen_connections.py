"""A connection to Postgres that froze between two requests costs nobody who only reads the answer."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from db import engine
from tests.http.conftest import Front
from tests.proxy import Proxy

API = Path(__file__).parents[3] / "api_stub"
READS = ("/data/actions", "/v1/accounts", "/v1/events", "/v1/accounts/nobody/why")


@pytest.fixture
def proxy(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    monkeypatch.setattr(engine, "_FIRST_ANSWER_S", 0.2)
    with Proxy(database_url) as proxy:
        yield proxy


def test_who_reads_is_answered_though_the_connection_froze_or_was_reset(front: Front, proxy: Proxy) -> None:
    client = front(database_url=proxy.url)
    for path in READS:
        before = client.get(path)
        assert before.status_code in {200, 404}
        for end_connections in (proxy.freeze, proxy.reset):
            assert end_connections() > 0
            assert (after := client.get(path)).status_code == before.status_code, path
            assert after.headers["Content-Type"] == before.headers["Content-Type"]


def test_each_route_that_only_reads_does_so_in_a_snapshot() -> None:
    """Its first statement is one that can be repeated on another connection."""
    found = [
        f"{path.name}: {route.name}"
        for folder in ("http", "console")
        for path in (API / folder).rglob("*.py")
        for route in ast.walk(ast.parse(path.read_text()))
        if isinstance(route, ast.FunctionDef | ast.AsyncFunctionDef)
        and any(
            "router.get(" in words or "'GET'" in words for words in map(ast.unparse, route.decorator_list)
        )
        and "database.transaction()" in ast.unparse(route)
    ]
    assert found == []
