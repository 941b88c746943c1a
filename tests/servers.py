"""The Postgres and Redis that tests share: started here, or named by an environment variable."""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from api_stub.cli.stack.migrate import migrate_and_seed
from api_stub.stack.servers.postgres import Postgres
from api_stub.stack.servers.redis import Redis
from api_stub.stack.servers.unprivileged import find_server_identity, prepare_cluster_folder

TEMPLATE: Final = "template_rapport"
"""A migrated database that those of the tests are copied from."""

VARIABLE: Final = "RAPPORT_TEST_SERVERS"


@dataclass(frozen=True, slots=True)
class Servers:
    """Addresses of the servers; `postgres_url` names a database that is never dropped."""

    postgres_url: str
    redis_url: str
    app_url: str = ""

    def database_url_of(self, database: str) -> str:
        """Return the address of one of Postgres' databases."""
        return urlunsplit(urlsplit(self.postgres_url)._replace(path=f"/{database}"))

    def create_database(self, name: str) -> str:
        """Create an empty database and return its address."""
        with psycopg.connect(self.postgres_url, autocommit=True) as connection:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        return self.database_url_of(name)

    def copy_template(self, name: str) -> None:
        """Create a migrated database."""
        copy = sql.SQL("create database {} template {} strategy file_copy")  # the default takes twice as long
        with psycopg.connect(self.postgres_url, autocommit=True) as connection:
            connection.execute(copy.format(sql.Identifier(name), sql.Identifier(TEMPLATE)))

    def drop_database(self, name: str) -> None:
        """Drop a database and end its connections."""
        with psycopg.connect(self.postgres_url, autocommit=True) as connection:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))

    def as_environment(self) -> dict[str, str]:
        """Return the variable by which a test run uses these servers instead of starting its own."""
        return {VARIABLE: json.dumps(asdict(self))}


def servers_of_environment() -> Servers | None:
    """Return the servers that the environment names, or None."""
    given = os.environ.get(VARIABLE)  # noqa: TID251 -- where the run that started us says which servers to use
    return Servers(**json.loads(given)) if given else None


@contextmanager
def own_servers(folder: Path) -> Iterator[Servers]:
    """Run a Postgres, with a migrated template database, and a Redis below `folder`; remove their data.

    If `folder` has a Postgres already, as `copy_cluster` gives it one, its template database is used.
    """
    postgres = Postgres(folder / "data", durable=False)
    is_new = not (folder / "data" / "postgres").exists()
    with postgres, Redis(folder / "data") as redis:
        servers = Servers(postgres.url, redis.url, postgres.app_url)
        if is_new:
            _prepare(servers)
        yield servers
    postgres.remove_data()


def copy_cluster(original: Path, data: Path) -> None:
    """Give the data folder a Postgres with a migrated template database, and the passwords that belong to it.

    It is a copy of that below `original`, which the first process of a run creates while the others wait:
    creating and migrating one takes seconds of processor.
    """
    original.mkdir(mode=0o711, exist_ok=True)  # under root, Postgres runs as another user
    with (original / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (original / "ready").exists():
            with Postgres(original / "data", durable=False) as postgres:
                _prepare(Servers(postgres.url, redis_url=""))
            (original / "ready").touch()
    identity = find_server_identity()
    data.mkdir(parents=True, exist_ok=True)
    shutil.copy2(original / "data" / "secrets.json", data)
    home = prepare_cluster_folder(data / "postgres", identity, durable=False)
    shutil.copytree(original / "data" / "postgres" / "data", home / "data")
    for path in (home / "data", *(home / "data").rglob("*")):
        identity.chown(path)


def _prepare(servers: Servers) -> None:
    """Create the template database, and make Rapport's own one a copy of it."""
    _shorten_sign_in(servers)
    migrate_and_seed(servers.create_database(TEMPLATE))
    own = urlsplit(servers.postgres_url).path.removeprefix("/")
    elsewhere = replace(servers, postgres_url=servers.database_url_of("postgres"))
    elsewhere.drop_database(own)
    elsewhere.copy_template(own)


def _shorten_sign_in(servers: Servers) -> None:
    """Make the password's proof cheap: thousands of connections each paid 2 ms for its 4096 rounds."""
    with psycopg.connect(servers.postgres_url, autocommit=True) as connection:
        connection.execute("set scram_iterations = 1")
        change = sql.SQL("alter role {} password {}")
        user, password = connection.info.user, connection.info.password
        connection.execute(change.format(sql.Identifier(user), sql.Literal(password)))
