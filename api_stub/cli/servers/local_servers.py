"""Find the servers for a command: of the environment, of the running stack, or the database alone.

A command that only needs Postgres works while Rapport isn't running: it starts the embedded database for
itself and stops it afterwards. That is as safe as any other moment: Postgres is the record, and workers read
every gate again before they act.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from api_stub.cli.servers.kept_databases import KeptDatabases, find_kept
from api_stub.cli.terminal import Console
from api_stub.stack import environment_file
from api_stub.stack.environment import inherited_environment, set_environment, settings_environment
from api_stub.stack.errors import AlreadyRunningError, NotRunningError
from api_stub.stack.lock import Purpose, read_holder
from api_stub.stack.log_reader import LOG_COMMAND
from api_stub.stack.secrets import load_secrets
from api_stub.stack.stack import Stack
from api_stub.stack.units.files import find_start_command
from worker.clock import monotonic_seconds
from worker.servers.redis_address import RedisAddress
from worker.settings import Settings, get_settings, with_files

_CHANGING_TIMEOUT: Final = timedelta(seconds=30)
"""How long to wait for a stack that starts or stops. Both take less on a slow machine."""
_POLL_SECONDS: Final = 0.1
_UNUSED_REDIS: Final = "redis://not-started"


def load_settings(data_dir: Path) -> Settings:
    """Return the settings of the environment, completed by those of the stack on `data_dir`.

    If that stack isn't running, only its keys and its folder of screenshots are added.
    """
    set_environment(environment_file.read_environment(data_dir) or _read_offline(data_dir), override=False)
    return get_settings()


def find_redis(data_dir: Path) -> RedisAddress | None:
    """Return the address of Redis, or None if Rapport isn't running.

    Raises ConfigurationError if the environment names Postgres and not Redis.
    """
    settings = load_settings(data_dir)
    is_running = settings.redis_url is not None or settings.database_url is not None
    return settings.redis if is_running else None


def describe_not_running(data_dir: Path) -> str:
    """Return that Rapport isn't running, and the command that starts it or the service on this folder."""
    return f"Rapport isn't running: `{find_start_command(data_dir) or 'rapport up'}` starts it"


def has_database(data_dir: Path) -> bool:
    """Return whether the embedded Postgres was ever started on this folder."""
    return (data_dir / "postgres" / "data").exists()


@contextmanager
def find_database(data_dir: Path, *, needs_workers: bool = False, as_owner: bool = False) -> Iterator[str]:
    """Return the address of Postgres. While Rapport isn't running, Postgres runs for this command alone.

    Only then `as_owner` makes a difference: a running stack has migrated its database.

    Raises NotRunningError if Rapport isn't running and the block needs workers, or if there is no database
    yet; and AlreadyRunningError if another command doesn't release the database in time.
    """
    url = load_settings(data_dir).database_url or _wait_for_stack(data_dir)
    if url is not None:
        yield url.get_secret_value()
        return
    if not has_database(data_dir):
        raise NotRunningError(
            f"{describe_not_running(data_dir)}. Nothing was ever started here: `rapport demo` shows how it "
            "works, on a practice network. For a Rapport that systemd or Compose runs, give this command its "
            "DATABASE_URL and REDIS_URL: docs/deployment.md"
        )
    if needs_workers:
        raise NotRunningError(describe_not_running(data_dir))
    with ExitStack() as own:
        kept = find_kept() or KeptDatabases(own, {})
        if data_dir not in kept.urls:
            _say("Rapport isn't running, so the database is started for this command alone")
            alone = Stack(data_dir, redis_url=_UNUSED_REDIS, purpose=Purpose.COMMAND, on_notice=_say)
            stack = kept.exit.enter_context(alone)
            kept.urls[data_dir] = stack.owner_url if as_owner else stack.database_url
        yield kept.urls[data_dir]


def _wait_for_stack(data_dir: Path) -> SecretStr | None:
    """Wait for a stack that starts or stops. Return the address of its Postgres, or None if none runs."""
    deadline = monotonic_seconds() + _CHANGING_TIMEOUT.total_seconds()
    is_told = False
    while (holder := read_holder(data_dir)) is not None and holder.purpose is Purpose.STACK:
        environment = environment_file.read_environment(data_dir)
        if environment:
            set_environment(environment, override=False)
            get_settings.cache_clear()
            return get_settings().database_url
        if not is_told:
            _say(f"Rapport is starting or stopping (pid {holder.pid}): waiting for it")
            is_told = True
        if monotonic_seconds() > deadline:
            raise AlreadyRunningError(
                f"Rapport is still starting or stopping (pid {holder.pid}): see `rapport status`, and try "
                "again"
            )
        time.sleep(_POLL_SECONDS)
    return None


def _read_offline(data_dir: Path) -> dict[str, str]:
    """Return the settings of the stopped stack, unless the environment names another database."""
    names = with_files(["DATABASE_URL"])
    given = inherited_environment(also=names)
    if given.keys() & names or not (data_dir / "secrets.json").exists():
        return {}
    secrets = load_secrets(data_dir)
    return settings_environment(
        {
            "secret_keys": secrets.secret_key,
            "notice_keys": secrets.notice_key,
            "evidence_dir": data_dir / "evidence",
            "log_command": LOG_COMMAND,
        }
    )


def _say(text: str) -> None:
    Console(stderr=True).print(text, style="dim", soft_wrap=True)
