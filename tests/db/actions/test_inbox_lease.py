"""One worker at a time reads an inbox; the facts about each greeted person, and the marked replies."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from db.engine import Database
from db.store.actions import control, replies
from db.store.actions.replies import InboxLease
from db.store.kill_switch import pull_kill_switch
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from db.store.quota import limits
from db.tables import Account, Interaction
from tests.builders import FREE, a_contact, add_planned, database_now
from tests.db.actions.inbox_helpers import NOTHING, a_signed_in_account, begun, greeted
from tests.db.helpers import (
    LEASE,
    open_database,
    queue_due_actions,
    run_without_triggers,
    wait_for_lock_wait,
)
from worker.errors import Reason
from worker.rules.model import Kind
from worker.rules.quota.limits import Limits
from worker.rules.quota.windows import Hours

SECOND = timedelta(seconds=1)


def busy(session: Session, state: str, lease: str = "now()") -> None:
    change = f"update actions set state = :state, reason = 'cannot_tell', lease_until = {lease}"
    run_without_triggers(session, change, state=state)


def out_of_hours(session: Session, account: AccountRecord) -> None:
    days = frozenset({(database_now(session).weekday() + 3) % 7})
    shut = Limits(
        FREE.per_run, FREE.per_day, FREE.per_week, FREE.gap_min, FREE.gap_max, hours=Hours(days=days)
    )
    limits.set_limits(session, account.id, Kind.GREET, shut, by="tests")


SHUT: list[tuple[str, Callable[[Session, AccountRecord], object]]] = [
    ("the kill switch is on", lambda s, _: pull_kill_switch(s, "tests")),
    ("the account is paused", lambda s, a: control.pause_account(s, a.id)),
    ("the account is stopped", lambda s, a: accounts.stop_account(s, a.id, Reason.CHALLENGE)),
    ("the account isn't signed in", lambda s, _: s.execute(update(Account).values(session=None))),
    (
        "nobody was greeted in the last 30 days",
        lambda s, _: s.execute(update(Interaction).values(created_at=text("now() - interval '30 days'"))),
    ),
    (
        "it was opened less than an hour ago",
        lambda s, _: s.execute(update(Account).values(inbox_asked_at=text("now() - interval '59 minutes'"))),
    ),
    (
        "another worker reads it",
        lambda s, _: s.execute(update(Account).values(inbox_lease_until=text("now() + interval '1 second'"))),
    ),
    ("an action of the account is under way", lambda s, _: busy(s, "queued")),
    ("an action of the account is under way", lambda s, _: busy(s, "claimed")),
    ("an action of the account is under way", lambda s, _: busy(s, "acting")),
    ("an action of the account is under way", lambda s, _: busy(s, "uncertain")),
    ("it is outside the working hours", out_of_hours),
]


def test_each_gate_keeps_an_inbox_shut_and_nobody_takes_it(database: Database) -> None:
    with database.transaction() as session:
        account = a_signed_in_account(session)
        greeted(session, account, "ann")
    for why, shut in SHUT:
        with database.transaction() as session:
            assert replies.explain_closed_inbox(session, account) is None
            shut(session, account)
            session.expire_all()
            before = session.scalars(select(Account.inbox_asked_at)).one()
            assert replies.take_inbox(session, account, lease=LEASE, overlap=NOTHING) == why
            assert session.scalars(select(Account.inbox_asked_at)).one() == before
            session.rollback()


def test_an_account_that_is_paused_meanwhile_is_seen_by_a_session_that_read_it_before(
    database: Database, database_url: str
) -> None:
    with database.transaction() as session:
        account = a_signed_in_account(session)
        greeted(session, account, "ann")
    with database.transaction() as session:
        known = session.get_one(Account, account.id)
        assert replies.explain_closed_inbox(session, account) is None
        with open_database(database_url) as other, other.transaction() as theirs:
            control.pause_account(theirs, account.id)
        assert replies.explain_closed_inbox(session, account) == "the account is paused"
        assert known.status == "paused"


def test_an_inbox_opens_again_when_its_time_has_come(session: Session) -> None:
    account = a_signed_in_account(session)
    greeted(session, account, "ann")
    for change in (
        "update interactions set created_at = now() - interval '30 days' + interval '1 second'",
        "update accounts set inbox_asked_at = now() - interval '1 hour'",
        "update accounts set inbox_lease_until = now()",  # left by a reader that died
    ):
        session.execute(text(change))
        session.expire_all()
        assert replies.explain_closed_inbox(session, account) is None
    busy(session, "uncertain", "null")  # it waits for a check, and no worker holds it
    assert replies.explain_closed_inbox(session, account) is None


def test_what_is_another_account_s_keeps_no_inbox_shut_and_opens_none(session: Session) -> None:
    account, other = a_signed_in_account(session), a_signed_in_account(session, "other")
    greeted(session, account, "ann")
    assert replies.explain_closed_inbox(session, other) == "nobody was greeted in the last 30 days"
    add_planned(session, other, a_contact(session, other, "bob"))
    assert len(queue_due_actions(session)) == 1
    assert replies.explain_closed_inbox(session, account) is None


@pytest.mark.parametrize("source", ["visit", "by hand"])
def test_only_a_greeting_of_our_own_opens_an_inbox(session: Session, source: str) -> None:
    account = a_signed_in_account(session)
    greeted(session, account, "ann")
    change = "type = 'visit'" if source == "visit" else "action_id = null, source_key = 'seen:1'"
    session.execute(text(f"update interactions set {change}"))
    assert replies.explain_closed_inbox(session, account) == "nobody was greeted in the last 30 days"


def test_whoever_comes_second_waits_and_then_sees_that_the_inbox_is_taken(
    database: Database, database_url: str
) -> None:
    with database.transaction() as session:
        account = a_signed_in_account(session)
        greeted(session, account, "ann")

    def begin() -> InboxLease | str:
        with open_database(database_url) as other, other.transaction() as session:
            return replies.take_inbox(session, account, lease=LEASE, overlap=NOTHING)

    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as first:
            reading = begun(first, account)
            assert reading.lease_until == database_now(first) + LEASE
            second = pool.submit(begin)
            wait_for_lock_wait(database, second)
        assert second.result(60) == "it was opened less than an hour ago"
    with database.transaction() as session:
        row = session.scalars(select(Account)).one()
        assert (row.inbox_lease_until, row.inbox_asked_at) == (
            reading.lease_until,
            reading.lease_until - LEASE,
        )
        row.inbox_asked_at = None
        session.flush()
        assert replies.explain_closed_inbox(session, account) == "another worker reads it"


def test_a_lease_on_an_inbox_is_given_back_by_its_holder_only(session: Session) -> None:
    account, other = a_signed_in_account(session), a_signed_in_account(session, "other")
    greeted(session, account, "ann")
    reading = begun(session, account)
    until = reading.lease_until + SECOND
    for lease, left in ((until, until), (reading.lease_until, None)):
        session.execute(update(Account).values(inbox_lease_until=lease))
        replies.release_inbox(session, reading)
        leases = session.execute(select(Account.id, Account.inbox_lease_until)).all()
        assert {row.id: row.inbox_lease_until for row in leases} == {account.id: left, other.id: lease}
