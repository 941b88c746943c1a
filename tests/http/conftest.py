"""The real application, with a real Postgres and Redis behind it."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Final

import pytest
from cryptography.fernet import Fernet
from starlette.exceptions import StarletteDeprecationWarning

from api_stub.stack.environment import settings_environment
from tests.applications import create_app
from worker.settings import Settings

with warnings.catch_warnings():
    # Starlette recommends httpx2, which is not pinned here yet.
    warnings.simplefilter("ignore", StarletteDeprecationWarning)
    from fastapi.testclient import TestClient

__all__ = ["KEY", "Front", "TestClient"]

KEY = "the-key-of-the-tests"
_SECRET_KEYS: Final = Fernet.generate_key().decode()

Front = Callable[..., TestClient]


@pytest.fixture
def front(monkeypatch: pytest.MonkeyPatch, database_url: str, redis_url: str) -> Iterator[Front]:
    """Create a client of an application; given settings override the working defaults."""
    for field in Settings.model_fields:
        monkeypatch.delenv(f"RAPPORT_{field.upper()}", raising=False)
    given = {
        "database_url": database_url, "redis_url": redis_url, "secret_keys": _SECRET_KEYS, "api_key": KEY,
    }  # fmt: skip
    with ExitStack() as opened:

        def make(**changed: object) -> TestClient:
            with pytest.MonkeyPatch.context() as patch:
                for name, value in settings_environment({**given, **changed}).items():
                    patch.setenv(name, value)
                app = create_app(Settings())
            return opened.enter_context(TestClient(app, headers={"X-API-Key": KEY}))

        yield make


@pytest.fixture
def client(front: Front) -> TestClient:
    return front()
