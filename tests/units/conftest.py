import pytest
from cryptography.fernet import Fernet

from worker.settings import Settings


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment with only the settings that a process must have."""
    for field in Settings.model_fields:
        monkeypatch.delenv(f"RAPPORT_{field.upper()}", raising=False)
    monkeypatch.setenv("DATABASE_URL", "postgresql://rapport:database-secret@127.0.0.1:1/rapport")
    monkeypatch.setenv("REDIS_URL", "redis://:redis-secret@127.0.0.1:1/0")
    monkeypatch.setenv("RAPPORT_SECRET_KEYS", Fernet.generate_key().decode())
    return monkeypatch


@pytest.fixture
def settings(environment: pytest.MonkeyPatch) -> Settings:
    return Settings()
