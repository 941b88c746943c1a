"""Connections, sessions and transactions of Postgres; synchronous everywhere.

PgBouncer in transaction mode may stand in between: then nothing relies on the state of a connection.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import date, datetime
from typing import Any, TypeAlias, cast
from zoneinfo import ZoneInfo

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy import Connection, CursorResult, Engine, Executable, create_engine, event, func, select, text
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from sqlalchemy.orm import Session

from db.bounded_connection import BoundedConnection, RawCursor
from db.measured_pool import MeasuredPool
from db.queries import load_driver_query, load_query
from db.statement_spans import trace_statements
from worker.servers import postgres_address
from worker.tracing import spans

Executor: TypeAlias = Session | Connection
"""A session, or a connection where no objects are needed."""

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
_FIRST_ANSWER_S = 5.0
"""A snapshot's first statement does no work. A connection without its answer after this is not waited for.

A Postgres that only stalls should have answered by then: every idle connection of the pool is replaced too.
"""


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
    limits = {
        "statement_timeout": str(statement_timeout_ms),
        "timezone": "UTC",
        "idle_in_transaction_session_timeout": str(_IDLE_IN_TRANSACTION_MS),
    }

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: object, _record: object, _given: object, parameters: dict[str, Any]) -> object:
        connection = BoundedConnection.connect(postgres_address.without_driver(url), **parameters)
        connection.set_limits(limits, answer_within_s=within_s)
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
        with _hiding_rows(), Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """Run the block in a read-only transaction that sees one snapshot (repeatable read).

        Its first statement shows whether the connection still works: a frozen one is replaced by a new one.
        """
        with ExitStack() as stack:
            try:
                session = stack.enter_context(self._begin_snapshot(_FIRST_ANSWER_S))
            except OperationalError as error:
                if not error.connection_invalidated:
                    raise
                session = stack.enter_context(self._begin_snapshot(None))
            yield session

    @contextmanager
    def _begin_snapshot(self, first_answer_within_s: float | None) -> Iterator[Session]:
        with self.transaction() as session:
            connection = _driver(session)
            usual_s = connection.answer_within_s
            connection.answer_within_s = first_answer_within_s or usual_s
            try:
                session.execute(text("set transaction isolation level repeatable read, read only"))
            finally:
                connection.answer_within_s = usual_s
            yield session

    @contextmanager
    def single_statement(self) -> Iterator[Connection]:
        """Run the block's one statement in a transaction of its own, in one round trip."""
        with _hiding_rows(), self.engine.begin() as connection:
            commit_with_next(connection)
            yield connection

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


@contextmanager
def _hiding_rows() -> Iterator[None]:
    try:
        yield
    except (IntegrityError, DataError) as error:
        # Postgres quotes the failing row in the error's detail, and rows hold message texts.
        diagnosis = getattr(error.orig, "diag", None)
        raise RowRefusedError(
            f"{type(error.orig).__name__}: {getattr(diagnosis, 'message_primary', None) or 'row refused'}"
        ) from None


def commit_with_next(session: Executor) -> None:
    """Commit with the next statement, in its round trip. If that fails, nothing is committed.

    A statement after it begins another transaction, which the end of the session's block commits.
    """
    _driver(session).commits_next = True


def send_with_next(session: Executor, name: str, values: Mapping[str, Any]) -> None:
    """Execute db/queries/`name`.sql before the next statement, in its round trip. Its result is ignored."""
    query = load_driver_query(name)
    _driver(session).sent_first.append((query.text, query.list_values(values)))


def fetch_first(session: Executor, name: str, values: Mapping[str, Any]) -> Any:  # noqa: ANN401 -- a row of any form
    """Execute db/queries/`name`.sql and return its first row, or None. Raises SQLAlchemy's errors.

    For the few statements of every action: to read a wide row, SQLAlchemy takes as long as Postgres. It is
    used all the same where something listens to statements, as what traces them does.
    """
    if isinstance(session, Session):
        session.flush()  # as SQLAlchemy does before each statement
    connection, query = _connection(session), load_driver_query(name)
    if connection.engine.dispatch.before_cursor_execute:
        return connection.execute(load_query(name), values).first()
    try:
        cursor = RawCursor(_driver(connection), row_factory=namedtuple_row)
        return cursor.execute(query.text, query.list_values(values)).fetchone()
    except psycopg.Error as error:
        # Invalidates a broken connection, and raises the error as SQLAlchemy's own.
        connection._handle_dbapi_exception(error, name, values, None, None)  # noqa: SLF001 -- it has no public name


@contextmanager
def unlimited_time(session: Session) -> Iterator[None]:
    """Let statements of the block take as long as they need, as those of a large import do.

    Postgres has no limit until the transaction ends; waiting for its answers has one again after the block.
    """
    connection = _driver(session)
    within_s, connection.answer_within_s = connection.answer_within_s, None
    try:
        session.execute(text("set local statement_timeout = 0"))
        yield
    finally:
        connection.answer_within_s = within_s


def _connection(session: Executor) -> Connection:
    return session.connection() if isinstance(session, Session) else session


def _driver(session: Executor) -> BoundedConnection:
    return cast("BoundedConnection", _connection(session).connection.driver_connection)


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
