"""The database that the tests of one process use one after another, and engines that are used again.

Creating a database and preparing an engine for it took longer than most tests.
"""

import os
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final
from uuid import uuid4

import psycopg
from psycopg import sql
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
"""


class ReusedDatabase:
    """A migrated database, as new for each test: emptied after one, and replaced if one altered it."""

    def __init__(self, servers: Servers) -> None:
        self._servers = servers
        self._create()

    def _create(self) -> None:
        self._name = f"test_{uuid4().hex}"
        self._servers.copy_template(self._name)
        self.url = self._servers.database_url_of(self._name)
        self._connection = psycopg.connect(self.url, autocommit=True, application_name="between tests")
        self._connection.execute("set session_replication_role = replica")  # no triggers, no foreign keys
        self._connection.execute(_write_emptying(self._connection))
        self._structure = self._connection.execute(_STRUCTURE).fetchone()

    def clean(self) -> None:
        """End every other connection, and make the database as it was when it was created."""
        reusable = False
        with suppress(psycopg.OperationalError):  # a test may have ended our connection, too
            reusable = self._empty()
        if not reusable:
            self.drop()
            self._create()

    def _empty(self) -> bool:
        while self._connection.execute(_END_OTHERS).fetchone() != (0,):
            time.sleep(0.002)  # until they have ended
        if self._connection.execute(_STRUCTURE).fetchone() != self._structure:
            return False
        found = self._connection.execute("select * from pg_temp.empty_tables()").fetchone()
        assert found is not None
        deleted, tables = found
        if deleted is None or deleted > _MANY_ROWS:
            return False
        if tables:  # no dead rows either: new ones would lie between them, in another order
            names = sql.SQL(", ").join(map(sql.Identifier, tables))
            self._connection.execute(sql.SQL("vacuum {}").format(names))
        return True

    def drop(self) -> None:
        """Remove the database."""
        self._connection.close()
        self._servers.drop_database(self._name)


def _write_emptying(connection: psycopg.Connection[Any]) -> sql.Composed:
    """Return the statement that creates `empty_tables`, a function of this connection.

    It deletes every row that the new database does not have, and sets the sequences back. It returns the
    number of rows, and the tables that had any; the number is null if a row of the new database is missing.
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
            steps.append(
                sql.SQL("if (select count(*) from {}) <> {} then deleted := null; end if;").format(
                    table, sql.Literal(len(rows))
                )
            )
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
