"""The engine, sessions and transactions. One synchronous style everywhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

_KEEPALIVE_OPTIONS = {
    # A peer that is gone without a word: else a read waits for hours, and a write for a quarter of one.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,  # ms
}
_IDLE_IN_TRANSACTION_MS = 20_000
"""Postgres ends a transaction that asks nothing for so long: its client may be gone, its locks are not."""
_ANSWER_GRACE_S = 3.0
"""So long after the statement timeout, a Postgres that has not answered will not: it hangs, or is cut off."""

Answer = TypeVar("Answer")


class _BoundedConnection(psycopg.Connection[Any]):
    """A connection that waits for no answer longer than `answer_within_s`; None: as long as it takes.

    The statement timeout is the server's own. A server that is frozen keeps none, while its kernel still
    acknowledges what it is sent, so that the socket shows no fault either.
    """

    answer_within_s: float | None = None

    def wait(self, gen: PQGen[Answer], interval: float = 0.1, timeout: float | None = None) -> Answer:
        """Wait for an answer. Raises OperationalError, and closes, where none comes in time."""
        try:
            return super().wait(gen, interval, self.answer_within_s if timeout is None else timeout)
        except psycopg.errors._WaitTimeout:  # noqa: SLF001 -- what `timeout` is documented to raise
            self.pgconn.finish()
            raise


class RowRefusedError(Exception):
    """Postgres refused a row: a check, a key or a type. The text names which, never the row itself."""


class Database:
    """One process's way to Postgres. Made after the fork, never before: sockets can't be shared.

    The pool opens connections at first use, so making one costs nothing. Every wait is bounded: for a place
    in the pool, for a connection and for an answer, unless `statement_timeout_ms` is 0.
    """

    def __init__(
        self,
        url: str,
        *,
        application_name: str,
        statement_timeout_ms: int = 30_000,
        connect_timeout_s: int = 10,
        pool_timeout_s: float = 30.0,
    ) -> None:
        self.engine: Engine = create_engine(
            _with_driver(url),
            pool_pre_ping=True,  # a restart of Postgres costs one retry inside the pool, not an action
            pool_size=5,
            pool_timeout=pool_timeout_s,
            hide_parameters=True,  # message texts must not reach exceptions
            connect_args={
                "application_name": application_name,
                "connect_timeout": connect_timeout_s,
                **_KEEPALIVE_OPTIONS,
                "options": f"-c statement_timeout={statement_timeout_ms} -c timezone=UTC "
                f"-c idle_in_transaction_session_timeout={_IDLE_IN_TRANSACTION_MS}",
            },
        )
        within_s = statement_timeout_ms / 1000 + _ANSWER_GRACE_S if statement_timeout_ms else None

        @event.listens_for(self.engine, "do_connect")
        def connect(_dialect: object, _record: object, _given: object, parameters: dict[str, Any]) -> object:
            connection = _BoundedConnection.connect(**parameters)
            connection.answer_within_s = within_s
            return connection

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


def begin_snapshot(session: Session) -> None:
    """Let this transaction, which must be new, see one moment of the database and change nothing."""
    session.execute(text("set transaction isolation level repeatable read, read only"))


def _with_driver(url: str) -> str:
    """Return `url` for psycopg 3, whichever of the usual spellings it has."""
    scheme, _, rest = url.partition("://")
    if scheme in {"postgres", "postgresql"}:
        return f"postgresql+psycopg://{rest}"
    return url
