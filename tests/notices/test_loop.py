"""The notifier's loop: nothing that fails holds up what is due."""

import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from db.engine import Database
from db.store.notices.deliveries import MessageClaim
from tasks.notices import compose, notifier
from tasks.notices.notifier import Notifier
from tasks.notices.sending import Sender
from tests.cluster import wait_for
from tests.notices.conftest import AddTarget
from tests.notices.receivers import Receiver
from tests.notices.test_deliveries import REVIEW, STOPPED, age, claimed, dispatch, happen
from worker.notices.protocol import SendResult


@contextmanager
def running(
    database: Database, sender: Sender, watches: Collection[Callable[[], object]] = ()
) -> Iterator[None]:
    stopping = threading.Event()
    loop = Notifier(database, sender, every_s=0.05, stopping=stopping, watches=watches)
    thread = threading.Thread(target=loop.run)
    thread.start()
    yield
    stopping.set()
    thread.join(20)
    assert not thread.is_alive()


def away(*_: object) -> None:
    raise OperationalError("select", {}, psycopg.OperationalError("the connection is lost"))


def broken(*_: object, **__: object) -> None:
    raise KeyError("s3cret")


def test_a_text_that_can_t_be_written_is_told_all_the_same(
    database: Database,
    add: AddTarget,
    notice_sender: Sender,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    add(receiver.url, name="hook")
    monkeypatch.setattr(compose, "render_group", broken)
    happen(database, REVIEW)
    dispatch(database)
    age(database, "1 minute")
    with capture_logs() as lines:
        assert notice_sender.send(claimed(database, "hook")).failure is None
    assert b"needs review" in receiver.posted[0].body
    assert [line["event"] for line in lines] == ["notice_without_its_text"]
    assert "s3cret" not in repr(lines)


def test_watches_that_fail_hold_up_no_message(
    database: Database, add: AddTarget, notice_sender: Sender, receiver: Receiver
) -> None:
    add(receiver.url, name="hook")
    happen(database, STOPPED)
    with running(database, notice_sender, [broken, away]):
        wait_for("the message", lambda: receiver.posted)


def test_it_waits_for_postgres_says_so_once_and_goes_on(
    database: Database,
    add: AddTarget,
    notice_sender: Sender,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    add(receiver.url, name="hook")
    happen(database, STOPPED)
    monkeypatch.setattr(notifier, "_FIRST_WAIT_S", 0.02)
    real, left = database.transaction, [None] * 5

    @contextmanager
    def transaction() -> Iterator[Session]:
        if left:
            left.pop()
            away()
        with real() as session:
            yield session

    monkeypatch.setattr(database, "transaction", transaction)
    with capture_logs() as lines, running(database, notice_sender):
        wait_for("the message", lambda: receiver.posted)
        wait_for("its line", lambda: "notifier_goes_on" in names(lines))
    assert names(lines).count("notifier_waits_for_postgres") == 1


def names(lines: Collection[Any]) -> list[str]:
    return [line["event"] for line in lines]


def test_a_target_that_hangs_holds_up_no_other(
    database: Database,
    add: AddTarget,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    notice_sender: Sender,
) -> None:
    for name in ("slow", "quick"):
        add(receiver.url, name=name)
    with database.transaction() as session:  # so that it comes second
        session.execute(
            text(
                "update notice_targets set last_failed_at = now(), last_error = 'timeout'"
                " where name = 'quick'"
            )
        )
    happen(database, STOPPED)
    released, real = threading.Event(), notice_sender._send

    def send(claim: MessageClaim) -> SendResult:
        assert claim.target == "quick" or released.wait(120)
        return real(claim)

    monkeypatch.setattr(notice_sender, "_send", send)
    with running(database, notice_sender):
        try:
            wait_for("the other's message", lambda: receiver.posted)
        finally:
            released.set()
