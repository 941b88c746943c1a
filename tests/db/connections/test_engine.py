"""Timeouts: for a Postgres that does not answer, and for a client that sends nothing."""

import socket
import sys
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from db import engine
from db.bounded_connection import BoundedConnection
from db.engine import Database, unlimited_time
from worker.servers import postgres_address


def socket_of(database: Database) -> socket.socket:
    """The socket of a pooled connection, as a copy."""
    with database.engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        return socket.fromfd(driver.fileno(), socket.AF_INET, socket.SOCK_STREAM)


@pytest.mark.skipif(sys.platform != "linux", reason="names of the socket's options differ")
def test_a_connection_notices_a_peer_that_is_gone_within_half_a_minute(database: Database) -> None:
    with socket_of(database) as line:
        assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        idle = line.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)
        every = line.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL)
        assert idle + every * line.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT) <= 30
        assert 0 < line.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) <= 30_000


def test_a_transaction_whose_client_has_gone_silent_is_ended_and_its_locks_with_it(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_IDLE_IN_TRANSACTION_MS", 1_000)  # more than a first connection pauses
    silent = Database(database_url, application_name="silent")
    with silent.engine.connect() as connection:
        connection.execute(text("lock table actions"))
        with psycopg.connect(database_url, autocommit=True, options="-c lock_timeout=10s") as other:
            other.execute("select count(*) from actions")  # waits for the lock
        with pytest.raises(DBAPIError, match="idle-in-transaction"):
            connection.execute(text("select 1"))
    silent.close()


def test_a_long_statement_is_waited_for_and_the_next_one_is_not(database: Database) -> None:
    with database.transaction() as session:
        driver = session.connection().connection.driver_connection
        assert isinstance(driver, BoundedConnection)
        limits: list[float | None] = [driver.answer_within_s]
        with unlimited_time(session):
            limits.append(driver.answer_within_s)
            assert session.scalar(text("show statement_timeout")) == "0"
        limits.append(driver.answer_within_s)
        assert limits == [33.0, None, 33.0]


def test_a_transaction_that_begins_with_many_rows_at_once_has_its_limits(database: Database) -> None:
    rows = [{"kind": f"kind {number}"} for number in range(3)]
    with database.engine.connect() as connection:
        insert = text("insert into upkeep_jobs (name, every) values (:kind, '1 day')")
        connection.execute(insert, rows)  # psycopg pipelines these
        assert connection.scalar(text("select count(*) from upkeep_jobs where name like 'kind %'")) == 3
        assert connection.scalar(text("show statement_timeout")) == "30s"
        assert connection.scalar(text("show timezone")) == "UTC"
        connection.rollback()


FORMS = (
    "postgresql+psycopg2://{user}:{password}@{host}:{port}/{dbname}",
    "postgres+asyncpg://{user}:{password}@{host}:{port}/{dbname}",
    "host={host} port={port} dbname={dbname} user={user} password='{password}'",
    "postgresql://{user}:{password}@{host}:1,{host}:{port}/{dbname}?target_session_attrs=read-write",
    "postgresql:///{dbname}?host={host}&port={port}&user={user}&password={password}",
    "host={host} port={port} dbname={dbname} user={user} passfile={passfile}",
)


@pytest.mark.parametrize("form", FORMS)
def test_each_form_of_an_address_is_accepted_and_reaches_the_server(
    database_url: str, tmp_path: Path, form: str
) -> None:
    parts = conninfo_to_dict(database_url)
    passfile = tmp_path / "pgpass"
    passfile.touch(mode=0o600)
    passfile.write_text(f"*:*:*:*:{parts['password']}\n")
    address = form.format(**parts, passfile=passfile)
    postgres_address.check(address)
    database = Database(address, application_name="tests")
    with database.transaction() as session:
        assert session.scalar(text("select current_database()")) == parts["dbname"]
    database.close()
