"""The database that the tests of one process use one after another, and engines and connections used again.

Creating a database, preparing an engine for it and opening a connection took longer than most tests.
"""

import os
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from typing import Any, Final
from uuid import uuid4

import psycopg
from psycopg import sql
from psycopg.pq import ConnStatus, TransactionStatus
from sqlalchemy import Engine

from tests.servers import Servers

_MANY_ROWS: Final = 2_000
"""A test that left more has a database of its own: deleting them all takes longer than a new copy."""

_STRUCTURE: Final = """
select (select array[count(*), sum(oid::bigint + hashtext(relname))] from pg_class where oid >= 16384),
    (select sum(xmin::text::bigint) from pg_attribute where attrelid >= 16384 and attnum > 0),
    (select sum(xmin::text::bigint) from pg_index where indexrelid >= 16384),
    (select sum(xmin::text::bigint) from pg_constraint where oid >= 16384),
    (select sum(xmin::text::bigint) from pg_trigger where oid >= 16384),
    (select sum(xmin::text::bigint) from pg_proc where oid >= 16384)
"""
"""One row that is another one after a change of a table, an index, a check, a trigger or a function."""

_END_OTHERS: Final = """
select count(pg_terminate_backend(pid)) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
    and pid <> all (%s)
"""

_AS_NEW: Final = b"reset role; reset all; unlisten *; discard temp; select pg_advisory_unlock_all()"
_KEPT_AT_MOST: Final = 4
"""Connections of one kind that stay open; tests with threads open more."""


class ReusedDatabase:
    """A migrated database, as new for each test: emptied after one, and replaced if one altered it."""

    def __init__(self, servers: Servers, kept: "KeptConnections | None" = None) -> None:
        self._servers = servers
        self._kept = kept or KeptConnections()
        self._create()

    def _create(self) -> None:
        self._name = f"test_{uuid4().hex}"
        self._servers.copy_template(self._name)
        self.url = self._servers.database_url_of(self._name)
        self._connection = psycopg.connect(self.url, autocommit=True, application_name="between tests")
        self._connection.execute("set session_replication_role = replica")  # no triggers, no foreign keys
        self._connection.execute(_write_emptying(self._connection))
        self._structure = self._connection.execute(_STRUCTURE).fetchone()
        self._kept.start(self.url)

    def clean(self) -> None:
        """End every connection that was not closed, and make the database as it was when it was created."""
        reusable = False
        with suppress(psycopg.OperationalError):  # a test may have ended our connection, too
            reusable = self._empty()
        if not reusable:
            self.drop()
            self._create()

    def _empty(self) -> bool:
        while self._connection.execute(_END_OTHERS, [self._kept.list_pids()]).fetchone() != (0,):
            time.sleep(0.002)  # until they have ended
        if self._connection.execute(_STRUCTURE).fetchone() != self._structure:
            return False
        found = self._connection.execute("select * from pg_temp.empty_tables()").fetchone()
        assert found is not None
        deleted, tables = found
        if deleted > _MANY_ROWS:
            return False
        if tables:  # no dead rows either: new ones would lie between them, in another order
            names = sql.SQL(", ").join(map(sql.Identifier, dict.fromkeys(tables)))
            self._connection.execute(sql.SQL("vacuum {}").format(names))
        return True

    def drop(self) -> None:
        """Remove the database."""
        self._kept.end()
        self._connection.close()
        self._servers.drop_database(self._name)


def _write_emptying(connection: psycopg.Connection[Any]) -> sql.Composed:
    """Return the statement that creates `empty_tables`, a function of this connection.

    It deletes every row that the new database does not have, writes those again that are missing, and sets
    the sequences back. It returns the number of deleted rows, and the tables that were changed.
    """
    steps: list[sql.Composable] = []
    tables = connection.execute(
        "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
    )
    for (name,) in tables.fetchall():
        table = sql.Identifier(name)
        rows = connection.execute(sql.SQL("select t::text from {} t").format(table)).fetchall()
        others: sql.Composable = sql.SQL("true")
        if rows:
            others = sql.SQL("t::text <> all ({})").format(sql.Literal([row for (row,) in rows]))
        steps.append(
            sql.SQL(
                "if exists (select from {table} t where {others}) then delete from {table} t where {others};"
                " get diagnostics count = row_count; deleted := deleted + count;"
                " tables := array_append(tables, {name});"
                " end if;"
            ).format(table=table, others=others, name=sql.Literal(name))
        )
        if rows:
            steps.append(_write_restoring(connection, name, len(rows)))
    for (name,) in connection.execute(
        "select sequencename from pg_sequences where schemaname = 'public'"
    ).fetchall():
        start = connection.execute(
            sql.SQL("select last_value, is_called from {}").format(sql.Identifier(name))
        )
        steps.append(
            sql.SQL("perform setval({}, {}, {});").format(
                sql.Literal(name), *map(sql.Literal, start.fetchone() or ())
            )
        )
    return sql.SQL(
        "create function pg_temp.empty_tables(out deleted bigint, out tables text[]) language plpgsql"
        " as $empty$ declare count bigint; begin deleted := 0; tables := '{{}}'; {} end $empty$"
    ).format(sql.SQL("\n").join(steps))


def _write_restoring(connection: psycopg.Connection[Any], name: str, count: int) -> sql.Composed:
    """Copy the rows that a table has; return the step that writes them again if one is missing.

    All are written anew, so that they lie in the table in the same order.
    """
    table, copy = sql.Identifier(name), sql.Identifier("pg_temp", f"new_{name}")
    connection.execute(sql.SQL("create temp table {} as table {}").format(copy, table))
    columns = connection.execute(
        "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 and not attisdropped"
        " and attgenerated = '' order by attnum",
        [name],
    ).fetchall()
    return sql.SQL(
        "if (select count(*) from {table}) <> {count} then delete from {table};"
        " insert into {table} ({columns}) overriding system value select {columns} from {copy};"
        " tables := array_append(tables, {name}); end if;"
    ).format(
        table=table,
        copy=copy,
        count=sql.Literal(count),
        columns=sql.SQL(", ").join(sql.Identifier(column) for (column,) in columns),
        name=sql.Literal(name),
    )


class KeptConnections:
    """Keeps connections of one database open when they are closed, and hands them out again as new ones."""

    def __init__(self) -> None:
        self._url = ""
        self._idle: defaultdict[tuple[int, str], list[psycopg.Connection[Any]]] = defaultdict(list)
        self._lock = Lock()

    def start(self, url: str) -> None:
        """Keep the connections of this database from now on."""
        self._url = url

    def end(self) -> None:
        """Close the connections and keep none any more."""
        self._url = ""
        with self._lock:
            kept = [connection for each in self._idle.values() for connection in each]
            self._idle.clear()
        for connection in kept:
            type(connection).close(connection)

    def list_pids(self) -> list[int]:
        """Return the server's process of each connection that nobody uses."""
        with self._lock:
            return [connection.info.backend_pid for each in self._idle.values() for connection in each]

    def connect(self, open_new: Callable[..., Any], url: str, **options: Any) -> Any:
        """Stand for `open_new`, the method that opens a connection."""
        if url != self._url:
            return open_new(url, **options)
        key = os.getpid(), repr(options)
        while connection := self._take(key):
            connection.pgconn.exec_(b"")
            if connection.pgconn.status == ConnStatus.OK:  # no test has ended it
                return connection
            type(connection).close(connection)
        connection = open_new(url, **options)
        connection.close = lambda: self._keep(key, url, connection)
        return connection

    def _take(self, key: tuple[int, str]) -> psycopg.Connection[Any] | None:
        with self._lock:
            return self._idle[key].pop() if self._idle[key] else None

    def _keep(self, key: tuple[int, str], url: str, connection: psycopg.Connection[Any]) -> None:
        is_idle = connection.info.transaction_status == TransactionStatus.IDLE
        if is_idle and url == self._url:
            connection.pgconn.exec_(_AS_NEW)
            connection._notice_handlers.clear()  # SQLAlchemy adds its own each time
            is_idle = connection.pgconn.status == ConnStatus.OK
        with self._lock:
            idle = self._idle[key]
            if is_idle and url == self._url and key[0] == os.getpid() and len(idle) < _KEPT_AT_MOST:
                if connection not in idle:
                    idle.append(connection)
                return
        type(connection).close(connection)


class ReusedEngines:
    """Makes engines with `make`, and hands a disposed one out again, with its compiled statements."""

    def __init__(self, make: Callable[..., Engine]) -> None:
        self._make = make
        self._disposed: defaultdict[tuple[int, str, str], list[Engine]] = defaultdict(list)

    def create(self, url: str, **options: Any) -> Engine:
        """Stand for `make`."""
        disposed = self._disposed[os.getpid(), url, repr(options)]
        if disposed:
            return disposed.pop()
        engine = self._make(url, **options)
        dispose = engine.dispose

        def dispose_for_now(close: bool = True) -> None:
            dispose(close)
            if engine not in disposed:
                disposed.append(engine)

        engine.dispose = dispose_for_now  # type: ignore[method-assign]  # for this one alone
        return engine
