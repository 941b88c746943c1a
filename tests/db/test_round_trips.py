"""What a transaction costs in round trips, and that statements sent together are still one transaction."""

from collections import Counter
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

from bench.actions.counting_proxy import CountingProxy
from db.bounded_connection import BoundedConnection
from db.engine import Database, RowRefusedError, commit_with_next, send_with_next

JOB = text("insert into upkeep_jobs (name, every) values (:name, '1 day')")
ADD = b"insert into upkeep_jobs (name, every) values ($1, '1 day')"
COUNT = text("select count(*) from upkeep_jobs where name like 'trip %'")


@pytest.fixture
def counted(database_url: str) -> Iterator[tuple[Database, CountingProxy]]:
    with CountingProxy(database_url) as proxy:
        database = Database(proxy.url, application_name="counted")
        with database.transaction() as session:
            session.execute(text("select 1"))
        yield database, proxy
        database.close()


def count_jobs(database: Database) -> int:
    with database.transaction() as session:
        return int(session.scalars(COUNT).one())


def test_begin_goes_with_the_first_statement_and_nothing_is_asked_before(
    counted: tuple[Database, CountingProxy],
) -> None:
    database, proxy = counted
    before = proxy.counts()
    with database.transaction() as session:
        session.execute(JOB, {"name": "trip 1"})
        session.execute(COUNT)
    assert proxy.counts() - before == Counter(
        {"round trips": 3, "transactions": 1, "statements": 2, "frame": 2}
    )


def test_a_single_statement_is_one_round_trip_and_is_committed_without_begin_and_commit(
    counted: tuple[Database, CountingProxy], database: Database
) -> None:
    measured, proxy = counted
    before = proxy.counts()
    with measured.single_statement() as connection:
        connection.execute(JOB, {"name": "trip 1"})
    assert proxy.counts() - before == Counter({"round trips": 1, "transactions": 1, "statements": 1})
    assert count_jobs(database) == 1


def test_statements_that_are_sent_together_are_one_transaction_without_begin_and_commit(
    counted: tuple[Database, CountingProxy], database: Database
) -> None:
    def add(*names: str) -> None:
        with measured.single_statement() as connection:
            driver = connection.connection.driver_connection
            assert isinstance(driver, BoundedConnection)
            driver.sent_first += [(ADD, [name]) for name in names[:-1]]
            connection.execute(JOB, {"name": names[-1]})

    measured, proxy = counted
    before = proxy.counts()
    add("trip 1", "trip 2")
    assert proxy.counts() - before == Counter({"round trips": 1, "transactions": 1, "statements": 2})
    with pytest.raises(RowRefusedError, match="UniqueViolation"):
        add("trip 3", "trip 2")
    assert count_jobs(database) == 2


def test_many_rows_that_come_first_are_in_the_transaction_too(database: Database) -> None:
    with database.transaction() as session:
        session.execute(JOB, [{"name": "trip 1"}, {"name": "trip 2"}])
        session.rollback()
    assert count_jobs(database) == 0


def test_the_last_statement_commits_what_is_before_it(database: Database) -> None:
    with database.transaction() as session:
        session.execute(JOB, {"name": "trip 1"})
        commit_with_next(session)
        session.execute(JOB, {"name": "trip 2"})
        session.rollback()
    assert count_jobs(database) == 2


def test_what_an_error_kept_from_the_server_can_be_sent_again(database: Database) -> None:
    def ask(value: object) -> object:
        with database.transaction() as session:
            send_with_next(session, "lock_recipient", {"site": "sandbox", "addresses": ["a"]})
            return session.scalar(text("select cast(:value as int)"), {"value": value})

    for _ in range(5):  # psycopg prepares at the next
        assert ask(1) == 1
    with pytest.raises(ProgrammingError, match="cannot adapt"):
        ask(object())
    assert ask(2) == 2


def test_what_an_error_of_the_server_kept_from_being_prepared_can_be_sent_again(database: Database) -> None:
    def add(*names: str) -> None:
        with database.single_statement() as connection:
            driver = connection.connection.driver_connection
            assert isinstance(driver, BoundedConnection)
            driver.sent_first += [(ADD, [name]) for name in names]
            connection.execute(COUNT)

    for number in range(5):  # psycopg prepares at the next
        add(f"trip {number}")
    with pytest.raises(RowRefusedError, match="UniqueViolation"):
        add("trip 1")
    add("trip 6")
    assert count_jobs(database) == 6


def test_a_prepared_statement_whose_result_has_another_type_now_is_prepared_anew(
    database: Database, database_url: str
) -> None:
    def ask() -> object:
        with database.single_statement() as connection:
            return connection.scalar(text("select * from changing"))

    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute("create table changing as select 1 as one")
        for _ in range(6):
            assert ask() == 1
        owner.execute("alter table changing alter one type text")
    with pytest.raises(DBAPIError, match="cached plan"):
        ask()
    assert ask() == "1"


def test_a_last_statement_that_fails_commits_nothing_and_the_connection_can_be_used_again(
    database: Database,
) -> None:
    def add_twice() -> None:
        with database.transaction() as session:
            session.execute(JOB, {"name": "trip 1"})
            commit_with_next(session)
            session.execute(JOB, {"name": "trip 1"})

    with pytest.raises(RowRefusedError, match="UniqueViolation"):
        add_twice()
    assert count_jobs(database) == 0


def test_what_follows_a_commit_is_another_transaction(database: Database) -> None:
    def add_more() -> None:
        with database.transaction() as session:
            commit_with_next(session)
            session.execute(JOB, {"name": "trip 1"})
            session.execute(JOB, {"name": "trip 2"})
            session.execute(JOB, {"name": "trip 2"})

    with pytest.raises(RowRefusedError, match="UniqueViolation"):
        add_more()
    assert count_jobs(database) == 1


def test_a_statement_sent_with_the_next_one_is_executed_before_it_and_in_its_transaction(
    counted: tuple[Database, CountingProxy],
) -> None:
    database, proxy = counted
    held = text("select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()")
    before = proxy.counts()
    with database.transaction() as session:
        send_with_next(session, "lock_recipient", {"site": "sandbox", "addresses": ["b", "a", "b"]})
        assert session.scalars(held).one() == 2
        assert (proxy.counts() - before)["round trips"] == 1
    with database.transaction() as session:
        assert session.scalars(held).one() == 0


def test_what_was_not_sent_is_forgotten_with_its_transaction(database: Database) -> None:
    with database.transaction() as session:
        session.execute(JOB, {"name": "trip 1"})
        commit_with_next(session)
        session.rollback()
    with database.transaction() as session:
        session.execute(JOB, {"name": "trip 2"})
        session.rollback()
    assert count_jobs(database) == 0


def test_a_connection_that_the_server_has_ended_meanwhile_is_replaced(
    database: Database, database_url: str
) -> None:
    with database.transaction() as session:
        pid = session.scalars(text("select pg_backend_pid()")).one()
    with psycopg.connect(database_url, autocommit=True) as other:
        other.execute("select pg_terminate_backend(%s, 5000)", [pid])
    with database.transaction() as session:
        assert session.scalars(text("select pg_backend_pid()")).one() != pid


def test_a_connection_that_ends_within_a_transaction_is_an_error(
    database: Database, database_url: str
) -> None:
    def end_between_statements() -> None:
        with database.transaction() as session:
            pid = session.scalars(text("select pg_backend_pid()")).one()
            with psycopg.connect(database_url, autocommit=True) as other:
                other.execute("select pg_terminate_backend(%s, 5000)", [pid])
            session.execute(JOB, {"name": "trip 1"})

    with pytest.raises(OperationalError):
        end_between_statements()
    assert count_jobs(database) == 0
