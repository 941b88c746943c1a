"""Connections, sessions and transactions of Postgres; synchronous everywhere.

Nothing relies on the state of a connection, so that PgBouncer in transaction mode may stand in between: the
limits of a transaction are set by the message that begins it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, TypeVar, cast
from zoneinfo import ZoneInfo

import psycopg
from psycopg import generators
from psycopg.abc import PQGen
from psycopg.pq import ExecStatus, TransactionStatus
from sqlalchemy import CursorResult, Engine, Executable, create_engine, event, func, select, text
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from db.measured_pool import MeasuredPool
from db.statement_spans import trace_statements
from worker import postgres_address
from worker.tracing import spans

_KEEPALIVE_OPTIONS = {
    # Detects a peer that vanished: without these a read waits for hours, a write for a quarter of an hour.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,  # ms
}
_IDLE_IN_TRANSACTION_MS = 20_000
"""Postgres ends a transaction that is idle for this long: its client may be dead while its locks remain."""
_ANSWER_GRACE_S = 3.0
"""Time after the statement timeout at which an unanswered Postgres counts as hung or cut off."""

Answer = TypeVar("Answer")


class _BoundedConnection(psycopg.Connection[Any]):
    """A connection that waits at most `answer_within_s` seconds for an answer; None: without limit.

    A frozen server does not enforce its own statement timeout, while its kernel still acknowledges packets,
    so keepalives don't detect it either.

    `begin` is BEGIN and the limits of the transaction, sent as one message, so that they cost no round trip.
    A pooler refuses or ignores start-up options.
    """

    answer_within_s: float | None = None
    begin: tuple[bytes, ...] = (b"begin",)

    def _start_query(self) -> PQGen[None]:
        """Begin a transaction if none has begun. psycopg's own method can't send several statements."""
        if self.autocommit or self.pgconn.transaction_status != TransactionStatus.IDLE:
            return
        if self._pipeline:  # of executemany, which takes no message with several statements
            for statement in self.begin:
                yield from self._exec_command(statement)
            yield from self._pipeline._sync_gen()  # noqa: SLF001 -- as in psycopg's own method
            return
        self.pgconn.send_query(b"; ".join(self.begin))
        for result in (yield from generators.execute(self.pgconn)):
            if result.status != ExecStatus.COMMAND_OK:
                raise psycopg.errors.error_from_result(result)

    def find_pooler(self) -> None:
        """Prepare no statements if a pooler answers: the next transaction may be on another connection.

        A pooler invents the process id that it gives to its client.
        """
        self.autocommit = True
        row = self.execute("select pg_backend_pid()").fetchone()
        self.autocommit = False
        if row is None or row[0] != self.info.backend_pid:
            self.prepare_threshold = None

    def wait(self, gen: PQGen[Answer], interval: float = 0.1, timeout: float | None = None) -> Answer:
        """Wait for an answer. Raises OperationalError, and closes the connection, if none comes in time."""
        try:
            return super().wait(gen, interval, self.answer_within_s if timeout is None else timeout)
        except psycopg.errors._WaitTimeout:  # noqa: SLF001 -- what `timeout` is documented to raise
            self.pgconn.finish()
            raise


def create_bounded_engine(
    url: str,
    *,
    application_name: str,
    statement_timeout_ms: int,
    connect_timeout_s: int,
    pool_timeout_s: float,
) -> Engine:
    """Return an engine whose waits are bounded, and whose transactions have their limits."""
    engine = create_engine(
        "postgresql+psycopg://",  # `connect` has the address: libpq reads more forms than SQLAlchemy
        poolclass=MeasuredPool,
        pool_pre_ping=True,  # after a restart of Postgres the pool reconnects, and no action fails
        pool_size=5,
        pool_timeout=pool_timeout_s,
        hide_parameters=True,  # message texts must not reach exceptions
        connect_args={
            "application_name": application_name,
            "connect_timeout": connect_timeout_s,
            **_KEEPALIVE_OPTIONS,
        },
    )
    within_s = statement_timeout_ms / 1000 + _ANSWER_GRACE_S if statement_timeout_ms else None
    begin = (
        b"begin",
        f"set local statement_timeout = {statement_timeout_ms}".encode(),
        b"set local timezone = 'UTC'",
        f"set local idle_in_transaction_session_timeout = {_IDLE_IN_TRANSACTION_MS}".encode(),
    )

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: object, _record: object, _given: object, parameters: dict[str, Any]) -> object:
        connection = _BoundedConnection.connect(postgres_address.without_driver(url), **parameters)
        connection.answer_within_s, connection.begin = within_s, begin
        connection.find_pooler()
        return connection

    if spans.is_on():
        trace_statements(engine)
    return engine


class RowRefusedError(Exception):
    """Postgres refused a row: a check, a key or a type. The text names the constraint, never the row."""


class Database:
    """One process's connection pool. Create it after a fork, never before: sockets can't be shared.

    Connections are opened at first use. Every wait is bounded: for a place in the pool, for a connection,
    and for an answer unless `statement_timeout_ms` is 0.
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
        self.engine = create_bounded_engine(
            url,
            application_name=application_name,
            statement_timeout_ms=statement_timeout_ms,
            connect_timeout_s=connect_timeout_s,
            pool_timeout_s=pool_timeout_s,
        )

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Run the block in one transaction; commit at its end, roll back if it raises.

        Raises RowRefusedError in place of IntegrityError and DataError.
        """
        try:
            with Session(self.engine, expire_on_commit=False) as session, session.begin():
                yield session
        except (IntegrityError, DataError) as error:
            # Postgres quotes the failing row in the error's detail, and rows hold message texts.
            diagnosis = getattr(error.orig, "diag", None)
            raise RowRefusedError(
                f"{type(error.orig).__name__}: {getattr(diagnosis, 'message_primary', None) or 'row refused'}"
            ) from None

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """Run the block in a read-only transaction that sees one snapshot (repeatable read)."""
        with self.transaction() as session:
            session.execute(text("set transaction isolation level repeatable read, read only"))
            yield session

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


@contextmanager
def unlimited_time(session: Session) -> Iterator[None]:
    """Let statements of the block take as long as they need, as those of a large import do.

    Postgres has no limit until the transaction ends; waiting for its answers has one again after the block.
    """
    connection = cast("_BoundedConnection", session.connection().connection.dbapi_connection)
    within_s, connection.answer_within_s = connection.answer_within_s, None
    try:
        session.execute(text("set local statement_timeout = 0"))
        yield
    finally:
        connection.answer_within_s = within_s


def execute_counted(session: Session, statement: Executable, values: Mapping[str, Any] | None = None) -> int:
    """Execute an insert, update or delete and return the number of its rows.

    Objects in the session are not updated.
    """
    result = session.execute(statement, values or {}, execution_options={"synchronize_session": False})
    return cast("CursorResult[Any]", result).rowcount


def get_database_time(session: Session) -> datetime:
    """Return the instant at which the transaction began, by Postgres' clock."""
    return cast("datetime", session.scalar(select(func.now())))


def today_in(session: Session, zone: ZoneInfo) -> date:
    """Return the date in `zone` at the instant at which the transaction began, by Postgres' clock."""
    return cast("date", session.scalar(select(func.date(func.timezone(zone.key, func.now())))))
