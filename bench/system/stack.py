"""The whole system for a bench: Postgres, Redis, beat and workers, each in a process of its own."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cryptography.fernet import Fernet
from pydantic import SecretStr

from api_stub.cli.stack.migrate import migrate_and_seed
from api_stub.stack.environment import inherited_environment, settings_environment
from api_stub.stack.processes import Child, ProcessTable
from api_stub.stack.servers.redis import Redis
from bench.system.servers import run_postgres
from db.engine import Database
from worker.secrets import Vault

_GRACE = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Stack:
    """What runs: `children` by name, `servers` as processes of their own; `vault` has the workers' key."""

    database: Database
    redis_url: str
    vault: Vault
    children: Mapping[str, Child]
    servers: Mapping[str, Child]


@contextmanager
def run_stack(folder: Path, commands: Mapping[str, Sequence[str]], **settings: object) -> Iterator[Stack]:
    """Start the servers, beat and these commands of the command line, by name; stop all of them on exit.

    `settings` are for all processes, by their field names. Due actions are dispatched every second.
    """
    children: dict[str, Child] = {}
    table, keys = ProcessTable(folder), Fernet.generate_key().decode()
    with run_postgres(folder) as postgres, Redis(folder) as redis:
        migrate_and_seed(postgres.url)
        of_all = {
            "database_url": postgres.url,
            "redis_url": redis.url,
            "secret_keys": keys,
            "dispatch_every": timedelta(seconds=1),
            "log_level": "WARNING",
            **settings,
        }
        env = {**inherited_environment(), **settings_environment(of_all)}
        database = Database(postgres.url, application_name="bench")
        try:
            for name, words in {**commands, "beat": ("beat",)}.items():
                children[name] = table.start(name, [sys.executable, "-m", "api_stub.cli", *words], env)
            servers = {"postgres": postgres.child, "redis": redis.child}
            running = {name: child for name, child in servers.items() if child is not None}
            yield Stack(database, redis.url, Vault(SecretStr(keys)), children, running)
        finally:
            for child in children.values():
                child.request_stop()
            for child in children.values():
                child.stop(_GRACE)
            database.close()
