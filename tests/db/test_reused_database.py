"""The database that tests share is as new for each of them."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from db.engine import Database
from tests.builders import a_contact, an_account
from tests.databases import KeptConnections, ReusedDatabase
from tests.servers import Servers


@pytest.fixture
def reused(servers: Servers) -> Iterator[ReusedDatabase]:
    reused = ReusedDatabase(servers)
    yield reused
    reused.drop()


def use(reused: ReusedDatabase) -> None:
    database = Database(reused.url, application_name="tests")
    with database.transaction() as session:
        a_contact(session, an_account(session), "ann")
    database.close()


def contents(url: str) -> dict[str, Any]:
    with psycopg.connect(url) as connection:
        tables = connection.execute("select tablename from pg_tables where schemaname = 'public'").fetchall()
        rows = {name: connection.execute(f"select t::text from {name} t").fetchall() for (name,) in tables}
        return {
            "rows": {name: sorted(each) for name, each in rows.items()},
            "sequences": connection.execute("select * from pg_sequences order by 2").fetchall(),
        }


@pytest.mark.parametrize(
    ("statement", "is_kept"),
    [
        ("select", True),
        ("delete from message_templates", True),
        ("delete from message_templates where id = (select max(id) from message_templates)", True),
        ("update message_templates set weight = weight + 1", True),
        ("alter table contacts add more int", False),
    ],
)
def test_what_a_test_leaves_is_gone(reused: ReusedDatabase, statement: str, *, is_kept: bool) -> None:
    url, new = reused.url, contents(reused.url)
    use(reused)
    with psycopg.connect(url) as connection:
        connection.execute(statement)
    assert contents(url) != new
    reused.clean()
    assert contents(reused.url) == new
    assert (reused.url == url) is is_kept


def test_a_connection_that_a_test_left_open_is_ended_and_commits_nothing(reused: ReusedDatabase) -> None:
    new = contents(reused.url)
    with psycopg.connect(reused.url) as left:
        left.execute("delete from message_templates")
        reused.clean()
        with pytest.raises(psycopg.OperationalError):
            left.execute("select")
    assert contents(reused.url) == new


LEAVE = """
set statement_timeout = 7; create temp table mine (n int); listen news; select pg_advisory_lock(7);
"""
LEFT = """
select current_setting('statement_timeout'), to_regclass('mine'),
    (select count(*) from pg_listening_channels()),
    (select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid())
"""


@pytest.mark.parametrize("how", ["closed", "ended", "in a transaction"])
def test_a_connection_is_used_again_as_new_or_not_at_all(servers: Servers, how: str) -> None:
    kept = KeptConnections()
    reused = ReusedDatabase(servers, kept)
    first = kept.connect(psycopg.connect, reused.url, autocommit=how != "in a transaction")
    pid = first.info.backend_pid
    new = first.execute(LEFT).fetchone()
    first.execute(LEAVE)
    if how == "ended":
        with psycopg.connect(reused.url) as other:
            other.execute("select pg_terminate_backend(%s)", [pid])
    first.close()
    reused.clean()
    with kept.connect(psycopg.connect, reused.url, autocommit=how != "in a transaction") as again:
        assert (again.info.backend_pid == pid) is (how == "closed")
        assert again.execute(LEFT).fetchone() == new
    reused.drop()
