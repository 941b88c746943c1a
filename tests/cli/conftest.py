"""The command in this process, with a real Postgres and Redis behind it."""

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from cryptography.fernet import Fernet

from api_stub.cli import context, main
from api_stub.cli.screen import waiting
from api_stub.stack.environment import settings_environment
from tests.servers import Servers
from worker import queues
from worker.servers import redis_address
from worker.settings import Settings, get_settings

NOBODY = "postgresql://nobody:secret-word@127.0.0.1:1/none"
"""An address where no Postgres answers, with a password that must not be shown."""


class Rapport:
    """Runs `rapport ...` as the console script does, and returns output and exit code."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys = capsys
        self._monkeypatch = monkeypatch

    def code(self, *arguments: str) -> tuple[int, str, str]:
        """Return exit code, output, errors."""
        get_settings.cache_clear()
        self._monkeypatch.setattr("sys.argv", ["rapport", *arguments])
        self._capsys.readouterr()
        umask = os.umask(0o022)
        with pytest.raises(SystemExit) as left:
            main.main()
        os.umask(umask)
        said = self._capsys.readouterr()
        return int(left.value.code or 0), said.out, said.err

    def __call__(self, *arguments: str) -> str:
        """Return the output of a command that must succeed."""
        code, out, err = self.code(*arguments)
        assert (code, err) == (0, "")
        return out

    def refused(self, *arguments: str, exit_code: int = 1) -> str:
        """Return the error of a command that must fail, in one line without a traceback."""
        code, out, err = self.code(*arguments)
        assert (code, out) == (exit_code, "")
        assert err.startswith("rapport: ")
        assert "Traceback" not in err
        return err.removeprefix("rapport: ").strip()


@pytest.fixture
def environment(
    monkeypatch: pytest.MonkeyPatch, database_url: str, redis_url: str, tmp_path: Path
) -> Iterator[pytest.MonkeyPatch]:
    for field in Settings.model_fields:
        monkeypatch.delenv(f"RAPPORT_{field.upper()}", raising=False)
    values = {
        "database_url": database_url,
        "redis_url": redis_url,
        "secret_keys": Fernet.generate_key().decode(),
        "notice_keys": Fernet.generate_key().decode(),
    }
    for name, value in settings_environment(values).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("RAPPORT_DATA", str(tmp_path / "nothing-runs-here"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(waiting, "_FIRST_LINE_S", 3600.0)  # on a busy machine, more commands say what they do
    monkeypatch.setattr(context, "get_terminal_user", lambda: "ops@host")
    for module in (
        "keys.commands",
        "kill_switch",
        "quota.commands",
        "accounts.add",
        "contacts.import_v1",
        "contacts.imports",
        "contacts.forget",
        "contacts.edit",
        "contacts.hold",
        "backups.plan",
        "backups.restore",
        "users.commands",
        "users.address",
    ):
        monkeypatch.setattr(f"api_stub.cli.{module}.get_terminal_user", lambda: "ops@host")
    get_settings.cache_clear()  # another module's tests may have read the settings
    yield monkeypatch
    get_settings.cache_clear()


@pytest.fixture
def rapport(environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Rapport:
    return Rapport(capsys, environment)


@pytest.fixture
def bare_url(servers: Servers) -> Iterator[str]:
    """A database without our tables."""
    yield servers.create_database("bare")
    with psycopg.connect(servers.postgres_url, autocommit=True) as connection:
        connection.execute("drop database bare with (force)")


@pytest.fixture
def consumers(redis_url: str) -> None:
    """Workers that seem to take messages from every queue."""
    with queues.connect(redis_address.parse(redis_url)) as redis:
        queues.record_consumer(redis, "all@box", queues.ALL_QUEUES, asked_s=0, busy_s=None)
