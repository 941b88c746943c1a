"""A snapshot begins on another connection if the pooled one no longer works; a write is never repeated."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError, ProgrammingError

from db import engine
from db.engine import Database
from tests.proxy import Proxy

COUNT = text("select count(*) from accounts")


@pytest.fixture
def proxy(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    monkeypatch.setattr(engine, "_FIRST_ANSWER_S", 0.2)
    monkeypatch.setattr(engine, "_ANSWER_GRACE_S", 0.2)
    with Proxy(database_url) as proxy:
        yield proxy


@pytest.fixture
def database(proxy: Proxy) -> Iterator[Database]:
    with closing(Database(proxy.url, application_name="tests", statement_timeout_ms=300)) as database:
        with database.snapshot() as session:
            assert session.scalar(COUNT) == 0
        yield database


def test_a_snapshot_begins_anew_after_its_connection_froze(proxy: Proxy, database: Database) -> None:
    assert proxy.freeze() == 1
    with database.snapshot() as session:
        assert session.scalar(COUNT) == 0
        assert session.scalar(text("show transaction_read_only")) == "on"


def test_a_snapshot_whose_later_statement_gets_no_answer_fails(proxy: Proxy, database: Database) -> None:
    """What the block has done with earlier answers can't be repeated here."""
    proxy.freeze_before(b"select 7")
    with pytest.raises(OperationalError), database.snapshot() as session:
        session.scalar(text("select 7"))
    assert proxy.caught == 1


def test_only_the_first_statement_has_so_little_time(database: Database) -> None:
    with database.snapshot() as session:
        assert session.scalar(text("select 1 from pg_sleep(0.25)")) == 1


def test_a_write_on_a_frozen_connection_fails_and_is_not_repeated(proxy: Proxy, database: Database) -> None:
    proxy.freeze_before(b"insert into accounts")
    with pytest.raises(OperationalError), database.transaction() as session:
        session.execute(text("insert into accounts (name, site, time_zone) values ('a', 'b', 'UTC')"))
    assert proxy.caught == 1
    with database.snapshot() as session:
        assert session.scalar(COUNT) == 0


def test_a_postgres_that_refuses_is_not_asked_twice(database: Database) -> None:
    with pytest.raises(ProgrammingError), database.snapshot() as session:
        session.execute(text("select 1 from no_such_table"))


def test_a_postgres_that_is_away_is_said_to_be(database_url: str) -> None:
    with Proxy(database_url) as proxy:
        database = Database(proxy.url, application_name="tests", connect_timeout_s=1)
    with closing(database), pytest.raises(OperationalError), database.snapshot():
        pass
