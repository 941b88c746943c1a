"""The engine, sessions and transactions. One synchronous style everywhere."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from worker.settings import Settings


class Database:
    """One process's way to Postgres. Made after the fork, never before: sockets can't be shared.

    The pool opens connections at first use, so making one costs nothing.
    """

    def __init__(self, url: str, *, application_name: str, statement_timeout_ms: int = 30_000) -> None:
        self.engine: Engine = create_engine(
            _with_driver(url),
            pool_pre_ping=True,  # a restart of Postgres costs one retry inside the pool, not an action
            pool_size=5,
            hide_parameters=True,  # message texts must not reach exceptions
            connect_args={
                "application_name": application_name,
                "connect_timeout": 10,
                "options": f"-c statement_timeout={statement_timeout_ms} -c timezone=UTC",
            },
        )

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Run the block in one transaction; commit at its end, roll back if it raises."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def _with_driver(url: str) -> str:
    """Return `url` for psycopg 3, whichever of the usual spellings it has."""
    scheme, _, rest = url.partition("://")
    if scheme in {"postgres", "postgresql"}:
        return f"postgresql+psycopg://{rest}"
    return url


_lock = threading.Lock()
_database: Database | None = None


def get_database(settings: Settings, application_name: str) -> Database:
    """Return this process's database, made at first call."""
    global _database  # noqa: PLW0603 -- one pool for each process is the point
    with _lock:
        if _database is None:
            _database = Database(settings.database_url.get_secret_value(), application_name=application_name)
        return _database
