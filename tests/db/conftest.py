"""A shared database for tests with a single transaction that is rolled back, which is fast."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from sqlalchemy.orm import Session

from db.engine import Database
from tests.servers import Servers


@pytest.fixture(scope="session")
def shared_database(servers: Servers) -> Iterator[Database]:
    """A migrated database in which nothing is ever committed."""
    name = f"shared_{uuid4().hex}"
    servers.copy_template(name)
    database = Database(servers.database_url_of(name), application_name="tests")
    yield database
    database.close()
    servers.drop_database(name)


@pytest.fixture
def session(shared_database: Database) -> Iterator[Session]:
    """A session whose transaction is rolled back at the end."""
    with shared_database.transaction() as session:
        yield session
        session.rollback()
