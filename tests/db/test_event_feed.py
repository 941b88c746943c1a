"""The feed of events: in the order of their commits, so that whoever resumes at a position misses none."""

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from db.engine import Database
from db.store.notices.feed import (
    EventsDeletedError,
    FeedFilter,
    PositionUnknownError,
    read_feed,
    read_last_position,
)
from db.store.notices.outbox import delete_old_events, record_event
from tests.builders import an_account
from worker.rules.notices.kinds import NoticeKind

ALL = FeedFilter()


def record(session: Session, key: str, kind: NoticeKind = NoticeKind.SITE_CHANGED) -> None:
    assert record_event(session, kind, key=key)


def record_in_a_hurry(session: Session) -> None:
    record(session, "b")
    session.execute(text("set local lock_timeout = '50ms'"))


def read(database: Database, after: int | None, wanted: FeedFilter = ALL) -> tuple[Sequence[str], int]:
    """Return the ids of the events after a position, as their order of writing, and the last position."""
    with database.transaction() as session:
        page = read_feed(session, wanted, after=after, limit=100)
    return [str(event.id) for event in page.events], page.reached


def test_a_reader_that_resumes_misses_no_event_of_a_transaction_that_committed_late(
    database: Database,
) -> None:
    with ExitStack() as late:
        slow = late.enter_context(database.transaction())
        record(slow, "first written")
        slow.flush()
        with database.transaction() as quick:
            record(quick, "second written")
        seen, place = read(database, None)
        assert len(seen) == 1  # the quick one's, whose id is the later one
    later, last = read(database, place)
    assert len(later) == 1
    assert int(later[0]) < int(seen[0])
    assert last > place
    assert read(database, last)[0] == []


def test_events_of_transactions_that_commit_at_once_are_placed_one_after_the_other(
    database: Database,
) -> None:
    """One that is about to commit waits for one that has its place, and no place is visible early."""
    with ExitStack() as first:
        session = first.enter_context(database.transaction())
        record(session, "a")
        session.execute(text("set constraints all immediate"))  # it has its place, and has not committed
        with pytest.raises(OperationalError, match="lock timeout"), database.transaction() as second:
            record_in_a_hurry(second)
        assert read(database, None) == ([], 0)
    assert len(read(database, None)[0]) == 1
    with database.transaction() as session:
        assert read_last_position(session) == 1


def test_what_was_rolled_back_leaves_no_gap(database: Database) -> None:
    with database.transaction() as session:
        record(session, "a")
        session.execute(text("set constraints all immediate"))
        session.rollback()
    with database.transaction() as session:
        record(session, "b")
    assert read(database, None)[1] == 1


def test_a_reader_behind_what_was_deleted_is_told_and_one_that_has_read_it_is_not(database: Database) -> None:
    for key in "abc":
        with database.transaction() as session:
            record(session, key)
    with database.transaction() as session:
        session.execute(text("update outbox_events set at = now() - interval '31 days' where key < 'c'"))
        assert delete_old_events(session, timedelta(days=30)) == 2
    with pytest.raises(EventsDeletedError):
        read(database, 1)
    with pytest.raises(EventsDeletedError):
        read(database, 0)
    assert read(database, 2)[1] == read(database, None)[1] == 3
    with pytest.raises(PositionUnknownError):
        read(database, 4)


def test_an_account_s_reader_sees_what_concerns_all_and_nothing_of_another(database: Database) -> None:
    with database.transaction() as session:
        mine, other = an_account(session, name="mine"), an_account(session, name="other")
        for number, account_id in enumerate((mine.id, None, other.id)):
            record_event(session, NoticeKind.NEEDS_REVIEW, key=str(number), account_id=account_id)
        record(session, "x", NoticeKind.TEST)
    with database.transaction() as session:
        of_mine = read_feed(session, FeedFilter(account="mine"), after=None, limit=1)
        assert ([event.account for event in of_mine.events], of_mine.has_more) == (["mine"], True)
        rest = read_feed(session, FeedFilter(account="mine"), after=of_mine.reached, limit=1)
        assert ([event.account for event in rest.events], rest.has_more) == ([None], False)
        assert rest.reached == 4  # what the filter left out has been read too
        of_kind = read_feed(session, FeedFilter(kinds=[NoticeKind.UPKEEP_LATE]), after=None, limit=10)
        assert of_kind.events == []
        assert len(read_feed(session, ALL, after=None, limit=10).events) == 3  # a test is no event
