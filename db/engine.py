"""The engine, sessions and transactions. One synchronous style everywhere."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

_GIVE_UP_ON_SILENCE = {
    "connect_timeout": 10,
    # A peer that is gone without a word: else a read waits for hours, and a write for a quarter of one. A
    # line that still acknowledges what it never delivers shows neither; there the task's time limit ends it.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,  # ms
}
_IDLE_IN_TRANSACTION_MS = 20_000
"""Postgres ends a transaction that asks nothing for so long: its client may be gone, its locks are not."""


class RowRefusedError(Exception):
    """Postgres refused a row: a check, a key or a type. The text names which, never the row itself."""


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
                **_GIVE_UP_ON_SILENCE,
                "options": f"-c statement_timeout={statement_timeout_ms} -c timezone=UTC "
                f"-c idle_in_transaction_session_timeout={_IDLE_IN_TRANSACTION_MS}",
            },
        )

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Run the block in one transaction; commit at its end, roll back if it raises."""
        try:
            with Session(self.engine, expire_on_commit=False) as session, session.begin():
                yield session
        except (IntegrityError, DataError) as error:
            # Postgres quotes the failing row in its detail, and rows hold message texts.
            diagnosis = getattr(error.orig, "diag", None)
            raise RowRefusedError(
                f"{type(error.orig).__name__}: {getattr(diagnosis, 'message_primary', None) or 'row refused'}"
            ) from None

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def _with_driver(url: str) -> str:
    """Return `url` for psycopg 3, whichever of the usual spellings it has."""
    scheme, _, rest = url.partition("://")
    if scheme in {"postgres", "postgresql"}:
        return f"postgresql+psycopg://{rest}"
    return url
