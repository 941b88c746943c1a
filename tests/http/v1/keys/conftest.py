"""Keys of the tests' database, clients that send them, and clocks that a test moves ahead."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import cast
from zlib import crc32

import pytest
from fastapi import FastAPI

from api_stub.http.named_keys import directory
from db.engine import Database
from db.store import api_keys
from tests.http.conftest import TestClient
from worker import clock
from worker.rules.access import KeyScope

Issue = Callable[..., str]
Visit = Callable[..., TestClient]
PassTime = Callable[[float], None]


@pytest.fixture
def issue(database: Database) -> Issue:
    """Add a key, and return it."""

    def add(*scopes: KeyScope, name: str = "crm", per_minute: int = 600, burst: int = 100) -> str:
        with database.transaction() as session:
            issued = api_keys.add_key(
                session, name, scopes or [KeyScope.READ], lifetime=timedelta(days=90),
                per_minute=per_minute, burst=burst, by="ops",
            )  # fmt: skip
        return issued.key.get_secret_value()

    return add


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read the keys for each request, so that no test waits for two seconds."""
    monkeypatch.setattr(directory, "FRESH_FOR", timedelta(0))
    monkeypatch.setattr(directory, "UNKNOWN_READ_AFTER", timedelta(0))


@pytest.fixture
def visit(v1: TestClient, at_once: None, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """Return clients of the application that come from an address of this test alone."""
    state = cast("FastAPI", v1.app).state
    shared, state.keys = state.keys, directory.KeyDirectory(state.settings)  # its clock may be ahead
    own = crc32(request.node.name.encode())

    def come(key: str | None, *, host: int = 0) -> TestClient:
        address = f"10.{own >> 8 & 255}.{own & 255}.{host}"
        client = TestClient(v1.app, headers={"X-API-Key": key} if key else {}, client=(address, 1))
        client.portal = v1.portal  # the running application
        return client

    yield come
    assert v1.portal is not None
    v1.portal.call(state.keys.close)
    state.keys = shared


@pytest.fixture
def pass_time(monkeypatch: pytest.MonkeyPatch) -> PassTime:
    """Move the clocks of this process ahead."""
    ahead = 0.0
    now, seconds = clock.now, clock.monotonic_seconds

    def move(by_s: float) -> None:
        nonlocal ahead
        ahead += by_s

    later = lambda: seconds() + ahead  # noqa: E731 -- three of them
    for module in ("directory", "lockout", "rate_limit"):
        monkeypatch.setattr(f"api_stub.http.named_keys.{module}.monotonic_seconds", later)
    monkeypatch.setattr(clock, "now", lambda: now() + timedelta(seconds=ahead))
    return move
