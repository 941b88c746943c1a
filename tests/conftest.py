"""Real servers for every test that wants one: a Postgres and a Redis of our own, on free ports."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
import redis
from psycopg import sql

from api_stub.cli.process import bring_up_to_date
from api_stub.stack.postgres import Postgres
from api_stub.stack.redis import Redis
from db.engine import Database

TEMPLATE = "template_rapport"


@dataclass(frozen=True)
class Servers:
    postgres: Postgres
    redis: Redis


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """One Postgres and one Redis for the whole run, gone with their data at its end."""
    with tempfile.TemporaryDirectory(prefix="rapport-tests-") as folder:
        postgres = Postgres(Path(folder) / "data", durable=False)
        with postgres, Redis(Path(folder) / "data") as server:
            bring_up_to_date(postgres.create_database(TEMPLATE))
            yield Servers(postgres, server)
        postgres.remove_data()


@pytest.fixture
def database_url(servers: Servers) -> Iterator[str]:
    """A database of this test's own, copied from one that is migrated."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(servers.postgres.url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(TEMPLATE))
        )
        yield servers.postgres.url_of(name)
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url, application_name="tests")
    yield database
    database.close()


@pytest.fixture
def redis_url(servers: Servers) -> Iterator[str]:
    """The shared Redis, empty before and after."""
    client = redis.Redis.from_url(servers.redis.url)
    client.flushall()
    yield servers.redis.url
    client.flushall()
    client.close()
