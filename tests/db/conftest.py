"""A shared database for tests with a single transaction that is rolled back, which is fast."""

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.orm import Session

from db.engine import Database
from tests.servers import TEMPLATE, Servers


@pytest.fixture(scope="session")
def shared_database(servers: Servers) -> Iterator[Database]:
    """A migrated database in which nothing is ever committed."""
    name = f"shared_{uuid4().hex}"
    copy = sql.SQL("create database {} template {} strategy file_copy")
    with psycopg.connect(servers.postgres_url, autocommit=True) as connection:
        connection.execute(copy.format(sql.Identifier(name), sql.Identifier(TEMPLATE)))
        database = Database(servers.database_url_of(name), application_name="tests")
        yield database
        database.close()
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture
def session(shared_database: Database) -> Iterator[Session]:
    """A session whose transaction is rolled back at the end."""
    with shared_database.transaction() as session:
        yield session
        session.rollback()
