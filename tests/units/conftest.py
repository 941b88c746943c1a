from collections.abc import Iterator

import pytest
from cryptography.fernet import Fernet

from worker.settings import Settings, get_settings


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """An environment with only the settings that a process must have, and that no test before has left."""
    get_settings.cache_clear()
    for field in Settings.model_fields:
        monkeypatch.delenv(f"RAPPORT_{field.upper()}", raising=False)
    monkeypatch.setenv("DATABASE_URL", "postgresql://rapport:database-secret@127.0.0.1:1/rapport")
    monkeypatch.setenv("REDIS_URL", "redis://:redis-secret@127.0.0.1:1/0")
    monkeypatch.setenv("RAPPORT_SECRET_KEYS", Fernet.generate_key().decode())
    yield monkeypatch
    get_settings.cache_clear()


@pytest.fixture
def settings(environment: pytest.MonkeyPatch) -> Settings:
    return Settings()
