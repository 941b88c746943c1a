"""One application for all tests of /v1, on the database of the test.

`v1` has a key with the scope admin; `v1_as("read")` has one that has only the given scopes.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import lru_cache

import pytest
from cryptography.fernet import Fernet
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api_stub.http.access import api_key
from api_stub.http.app import create_app
from api_stub.http.v1.caller import Caller
from api_stub.stack.environment import settings_environment
from tests.http.conftest import KEY, TestClient
from tests.servers import Servers
from worker.rules.access import KeyScope, expand_scopes
from worker.settings import Settings

ClientAs = Callable[..., TestClient]


class As:
    """Middleware in place of the guard: a request names its caller and its scopes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            scopes = expand_scopes(map(KeyScope, headers.get("X-Scopes", "read").split()))
            scope.setdefault("state", {})["caller"] = Caller(headers.get("X-Caller", "crm"), scopes)
        await self._app(scope, receive, send)


@pytest.fixture(scope="session")
def _open_v1(
    servers: Servers, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], TestClient]]:
    """Return the client of the application on a database; the last one is reused."""
    keys = Fernet.generate_key().decode()
    given = {"redis_url": servers.redis_url, "secret_keys": keys, "console_keys": keys, "api_key": KEY}
    folder = tmp_path_factory.mktemp("v1")
    given |= {"upload_dir": str(folder / "uploads"), "evidence_dir": str(folder / "evidence")}
    with ExitStack() as opened:

        @lru_cache(maxsize=1)
        def open_client(database_url: str) -> TestClient:
            with pytest.MonkeyPatch.context() as patch:
                for field in Settings.model_fields:
                    patch.delenv(f"RAPPORT_{field.upper()}", raising=False)
                for name, value in settings_environment({**given, "database_url": database_url}).items():
                    patch.setenv(name, value)
                app = create_app(Settings())
            opened.pop_all().close()  # of a database that a test had altered
            return opened.enter_context(TestClient(app, headers={"X-API-Key": KEY}))

        yield open_client


@pytest.fixture
def v1(_open_v1: Callable[[str], TestClient], database_url: str, redis_url: str) -> TestClient:
    """A client of /v1 whose key, named `api`, may do everything."""
    return _open_v1(database_url)


@pytest.fixture
def v1_as(v1: TestClient, monkeypatch: pytest.MonkeyPatch) -> ClientAs:
    """Return clients by the scopes of their keys: `v1_as("read")`. The key's name is `read-key`."""
    find_caller = api_key.KeyCheck.find_caller

    async def find(self: api_key.KeyCheck, scope: Scope, **how: bool) -> Caller:
        name, _, scopes = dict(scope["headers"]).get(b"x-api-key", b"").decode("latin-1").partition(": ")
        if not scopes:
            return await find_caller(self, scope, **how)
        return Caller(name, expand_scopes(KeyScope(each) for each in scopes.split()))

    monkeypatch.setattr(api_key.KeyCheck, "find_caller", find)

    def make(*scopes: str) -> TestClient:
        client = TestClient(v1.app, headers={"X-API-Key": f"{'-'.join(scopes)}-key: {' '.join(scopes)}"})
        client.portal = v1.portal  # the running application
        return client

    return make
