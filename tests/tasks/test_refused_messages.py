"""What a worker refused reaches Postgres, however Postgres is, and never holds the worker up."""

import os
import threading
import warnings
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta

import psutil
import pytest
from sqlalchemy import text

from db.engine import Database, RowRefusedError
from db.store import refused_messages
from tasks.refused_messages import RefusedMessageWriter
from tests.cluster import wait_for
from tests.proxy import Proxy
from worker.rules.wire.refusals import Refusal, RefusedMessage

AT_ONCE = timedelta(milliseconds=50)


def refusal(number: int) -> RefusedMessage:
    return RefusedMessage(
        refused_at=datetime(2026, 11, 28, 9, number, tzinfo=UTC), queue="control", reason=Refusal.BAD_HEADER,
        detail="shadow: Input should be a valid string", size_bytes=900, sha256=f"{number:064x}",
        task="tasks.dispatch", message_id=f"crm-{number}", origin="gen1@crm", shape="task str, shadow list",
    )  # fmt: skip


@pytest.fixture
def way(database_url: str) -> Iterator[Proxy]:
    with Proxy(database_url) as proxy:
        yield proxy


@pytest.fixture
def keeper(way: Proxy) -> Iterator[RefusedMessageWriter]:
    keeper = RefusedMessageWriter(way.url, again_after=AT_ONCE)
    yield keeper
    keeper.close()


def kept(database: Database) -> list[RefusedMessage]:
    with database.transaction() as session:
        return list(reversed(refused_messages.list_refused_messages(session, limit=100)))


def test_what_was_refused_is_kept_whole_and_in_order(
    keeper: RefusedMessageWriter, database: Database
) -> None:
    messages = [refusal(number) for number in range(5)]
    for message in messages:
        keeper.put(message)
    wait_for("the rows", lambda: kept(database) == messages)


def test_what_waits_is_written_when_the_worker_ends(way: Proxy, database: Database) -> None:
    keeper = RefusedMessageWriter(way.url)
    keeper.put(refusal(1))
    keeper.put(refusal(2))
    keeper.close(timedelta(seconds=30))
    assert kept(database) == [refusal(1), refusal(2)]


def test_a_worker_that_refused_nothing_has_no_thread_and_ends_at_once() -> None:
    before = set(threading.enumerate())  # those of other tests may end meanwhile
    RefusedMessageWriter("postgresql://nobody@127.0.0.1:1/none").close()
    assert set(threading.enumerate()) <= before


def test_postgres_may_refuse_for_a_while(
    keeper: RefusedMessageWriter, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = threading.Event()
    monkeypatch.setattr("tasks.refused_messages.log.warning", lambda *_, **__: said.set())
    with database.transaction() as session:
        session.execute(text("alter table refused_messages rename to elsewhere"))
    keeper.put(refusal(1))
    keeper.put(refusal(2))
    assert said.wait(60)
    with database.transaction() as session:
        session.execute(text("alter table elsewhere rename to refused_messages"))
    keeper.put(refusal(3))
    wait_for("the last row", lambda: refusal(3) in kept(database))
    assert kept(database) == [refusal(1), refusal(2), refusal(3)]


def test_a_postgres_that_falls_silent_holds_nobody_up(
    keeper: RefusedMessageWriter, way: Proxy, database: Database
) -> None:
    way.freeze_before(b"INSERT INTO refused_messages")
    keeper.put(refusal(1))
    wait_for("the silence", lambda: not way.armed)
    keeper.put(refusal(2))
    way.calm()
    wait_for("the rows", lambda: kept(database) == [refusal(1), refusal(2)])


def test_a_row_that_postgres_will_never_take_holds_up_no_other(
    keeper: RefusedMessageWriter, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = threading.Event()
    monkeypatch.setattr("tasks.refused_messages.log.error", lambda *_, **__: said.set())
    keeper.put(replace(refusal(1), detail="x" * 3_000))
    assert said.wait(60)
    keeper.put(refusal(2))
    keeper.close(timedelta(seconds=30))
    assert kept(database) == [refusal(2)]


def test_no_connection_is_left_open(keeper: RefusedMessageWriter, way: Proxy, database: Database) -> None:
    keeper.put(refusal(1))
    wait_for("the row", lambda: kept(database))

    wait_for("the connection to close", lambda: not connections_to(way), patience=timedelta(seconds=10))


def test_a_child_inherits_no_connection(keeper: RefusedMessageWriter, way: Proxy, database: Database) -> None:
    forking = threading.Event()
    locked = threading.Event()

    def hold_the_table_until_the_fork() -> None:
        with database.transaction() as session:
            session.execute(text("lock table refused_messages"))
            locked.set()
            forking.wait(60)

    holder = threading.Thread(target=hold_the_table_until_the_fork)
    holder.start()
    locked.wait(60)
    keeper.put(refusal(1))
    wait_for("a connection", lambda: keeper._connected.locked() and connections_to(way))
    os.register_at_fork(before=forking.set)
    reading, writing = os.pipe()
    with warnings.catch_warnings(action="ignore"):  # newer Pythons warn of forks beside threads
        child = os.fork()
    if child == 0:
        os.write(writing, b"%d" % connections_to(way))
        os._exit(0)
    os.waitpid(child, 0)
    holder.join()
    assert os.read(reading, 9) == b"0"
    keeper.put(refusal(2))  # the parent goes on
    wait_for("the rows", lambda: len(kept(database)) == 2, patience=timedelta(seconds=10))


def connections_to(way: Proxy) -> int:
    """How many connections this process has to a port."""
    lines = psutil.Process(os.getpid()).net_connections("tcp")
    return sum(bool(line.raddr) and line.raddr.port == way.port for line in lines)


def test_more_than_can_wait_is_dropped_and_said(way: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr("tasks.refused_messages.log.warning", lambda event, **_: said.append(event))
    monkeypatch.setattr("tasks.refused_messages._QUEUE_SIZE", 2)
    keeper = RefusedMessageWriter(way.url)
    way.freeze_before(b"INSERT INTO refused_messages")
    keeper.put(refusal(1))
    wait_for("the silence", lambda: not way.armed)
    for number in range(2, 5):
        keeper.put(refusal(number))
    assert said == ["refused_message_not_kept"]
    way.calm()
    keeper.close()


def test_the_latest_are_shown_and_of_one_reason_if_that_is_asked(database: Database) -> None:
    late = replace(refusal(3), reason=Refusal.SCHEDULED)
    with database.transaction() as session:
        refused_messages.save_refused_messages(session, [refusal(1), refusal(2), late])
    with database.transaction() as session:
        assert refused_messages.list_refused_messages(session, limit=2) == [late, refusal(2)]
        assert refused_messages.list_refused_messages(session, limit=2, reason=Refusal.BAD_HEADER) == [
            refusal(2),
            refusal(1),
        ]


@pytest.mark.parametrize("field", ["queue", "detail", "sha256", "task", "message_id", "origin", "shape"])
def test_whatever_is_kept_of_a_message_is_short(database: Database, field: str) -> None:
    with pytest.raises(RowRefusedError, match="short"), database.transaction() as session:
        refused_messages.save_refused_messages(
            session, [RefusedMessage(**{**asdict(refusal(1)), field: "x" * 2_001})]
        )
    assert kept(database) == []


def test_the_oldest_are_dropped_where_there_are_too_many(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refused_messages, "MAX_KEPT", 3)
    for number in range(5):
        with database.transaction() as session:
            refused_messages.save_refused_messages(session, [refusal(number), refusal(number + 10)])
    assert [message.message_id for message in kept(database)] == ["crm-13", "crm-4", "crm-14"]
