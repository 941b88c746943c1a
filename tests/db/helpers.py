"""Helpers for the store's tests: separate engines, and threads that start at the same moment."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.engine import Database
from db.store.actions import claims, dispatch
from db.store.actions.claims import Claim
from tests.cluster import wait_for

T = TypeVar("T")

LEASE = timedelta(minutes=3)


@contextmanager
def open_database(url: str) -> Iterator[Database]:
    database = Database(url, application_name="a test's second process")
    try:
        yield database
    finally:
        database.close()


def run_concurrently(url: str, count: int, work: Callable[[Database, int], T]) -> list[T]:
    """Run `work` in `count` threads that start together, each with its own engine."""
    gate = threading.Barrier(count)

    def one(number: int) -> T:
        with open_database(url) as database:
            with database.transaction() as session:
                session.execute(text("select 1"))  # connected before the race begins
            gate.wait(60)
            return work(database, number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def queue_due_actions(session: Session, *, batch: int = 100) -> list[UUID]:
    no_wait = timedelta(0)  # that what was just approved waits: test_dispatch.py
    due = dispatch.queue_due_actions(session, batch=batch, lease=LEASE, undo_first=no_wait)
    session.expire_all()  # production code uses a session for one step, a test for several
    return [action.action_id for action in due]


def claim_action(session: Session, action_id: UUID, owner: str = "worker") -> Claim:
    claim = claims.claim_action(session, action_id, owner=owner, lease=LEASE)
    assert claim is not None
    return claim


def expire_leases(session: Session) -> None:
    """Make every lease expire one second ago."""
    session.execute(
        text("update actions set lease_until = now() - interval '1 second' where lease_until is not null")
    )


def make_due(session: Session) -> None:
    """Make every waiting action due now."""
    session.execute(text("update actions set not_before = now() - interval '1 second'"))


def run_without_triggers(session: Session, statement: str, **values: object) -> None:
    """Run `statement` without triggers; the table's checks still apply."""
    session.execute(text("set local session_replication_role = replica"))
    session.execute(text(statement), values)
    session.execute(text("set local session_replication_role = default"))


def wait_for_lock_wait(database: Database, work: Future[Any]) -> None:
    """Wait until another session waits for a lock, or until `work` has ended without doing so.

    Reads pg_locks, as pg_stat_activity does not change within one transaction.
    """
    with database.transaction() as session:
        waits = text("select exists (select from pg_locks where not granted)")
        wait_for("somebody to wait", lambda: work.done() or session.scalar(waits))
