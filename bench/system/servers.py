"""Servers of a bench, which leave nothing behind."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from api_stub.stack.servers.postgres import Postgres
from db.engine import Database


@contextmanager
def run_postgres(folder: Path, *, durable: bool = False) -> Iterator[Postgres]:
    """Start a Postgres; stop it and delete its data on exit. It waits for the disk only if `durable`."""
    postgres = Postgres(folder, durable=durable)
    try:
        with postgres:
            yield postgres
    finally:
        postgres.remove_data()


def open_database(url: str) -> closing[Database]:
    """Open a database whose statements may take as long as they need."""
    return closing(Database(url, application_name="bench", statement_timeout_ms=0))
