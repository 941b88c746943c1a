"""A filled database, an empty one, and a pair of keys."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from pyrage import x25519

from db.engine import Database
from tests.cli.hostile import fill_with_hostile_texts
from tests.servers import Servers


@dataclass(frozen=True)
class Keys:
    public: str
    private: x25519.Identity


@pytest.fixture
def keys() -> Keys:
    private = x25519.Identity.generate()
    return Keys(str(private.to_public()), private)


@pytest.fixture
def empty_url(servers: Servers) -> Iterator[str]:
    """The address of a database without tables."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(servers.postgres_url, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {} template template0").format(sql.Identifier(name)))
        yield servers.database_url_of(name)
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture
def empty(empty_url: str) -> Iterator[Database]:
    with closing(Database(empty_url, application_name="tests", statement_timeout_ms=0)) as database:
        yield database


@pytest.fixture
def unlimited(database_url: str) -> Iterator[Database]:
    with closing(Database(database_url, application_name="tests", statement_timeout_ms=0)) as database:
        yield database


@pytest.fixture
def filled(unlimited: Database, tmp_path: Path) -> Database:
    """A database with rows about a person in every table that can have any."""
    fill_with_hostile_texts(unlimited, tmp_path)
    return unlimited
