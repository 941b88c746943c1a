"""An inbox is one worker's at a time; what its statement says of each greeted person, and what is marked."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from db.engine import Database
from db.store.actions import control, lifecycle, replies
from db.store.actions.replies import InboxLease
from db.store.kill_switch import pull_kill_switch
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from db.store.quota import limits
from db.tables import Account, Action, Campaign, Contact, Interaction
from tests.builders import FREE, a_contact, action, add_planned, an_account, contact_by_slug, database_now
from tests.db.helpers import (
    LEASE,
    claim_action,
    open_database,
    queue_due_actions,
    run_without_triggers,
    wait_for_lock_wait,
)
from worker.errors import Reason
from worker.rules.messages.replies import REPLY_WINDOW, Reply
from worker.rules.model import Kind
from worker.rules.quota.limits import Limits
from worker.rules.quota.windows import Hours

NOTHING = timedelta(0)
SECOND = timedelta(seconds=1)


def greeted(session: Session, account: AccountRecord, slug: str) -> UUID:
    """Greet somebody and record it; return the action's id."""
    action_id = add_planned(session, account, a_contact(session, account, slug))
    queue_due_actions(session)
    claim = claim_action(session, action_id)
    assert lifecycle.write_intent(session, claim)
    assert lifecycle.record_effect(session, claim, status="sent", text="Hi!", screenshot=None)
    session.flush()
    return action_id


def a_signed_in_account(session: Session, name: str = "demo") -> AccountRecord:
    account = an_account(session, name)
    accounts.save_session(session, account.id, b"sealed")
    return account


def begun(session: Session, account: AccountRecord, overlap: timedelta = NOTHING) -> InboxLease:
    reading = replies.take_inbox(session, account, lease=LEASE, overlap=overlap)
    assert isinstance(reading, InboxLease)
    return reading


def next_hour(session: Session) -> None:
    session.execute(update(Account).values(inbox_asked_at=None, inbox_lease_until=None))


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
    ("nobody has signed the account in", lambda s, _: s.execute(update(Account).values(session=None))),
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
        "update accounts set inbox_lease_until = now()",  # of a reader that died
    ):
        session.execute(text(change))
        session.expire_all()
        assert replies.explain_closed_inbox(session, account) is None
    busy(session, "uncertain", "null")  # it waits to be looked at, and nobody holds it
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


def test_a_reading_begins_where_the_last_one_ended_less_what_a_site_may_show_late(
    session: Session,
) -> None:
    account = a_signed_in_account(session)
    greeted(session, account, "ann")
    greeted(session, account, "bob")
    now = database_now(session)
    first, second = session.scalars(select(Action.id).order_by(Action.contact_id)).all()
    for each, days in ((first, 9), (second, 5)):
        action(session, each).acting_since = now - timedelta(days=days)
    session.flush()

    def since() -> datetime:
        next_hour(session)
        session.expire_all()
        return begun(session, account, overlap=timedelta(minutes=5)).since

    assert since() == now - timedelta(days=9)  # the oldest greeting
    session.execute(update(Account).values(inbox_read_at=now - timedelta(days=1)))
    assert since() == now - timedelta(days=1, minutes=5)
    session.execute(update(Account).values(inbox_read_at=now - timedelta(days=20)))
    assert since() == now - timedelta(days=9)
    session.execute(update(Action).values(acting_since=now - timedelta(days=40)))
    session.execute(update(Account).values(inbox_read_at=None))
    assert since() == now - REPLY_WINDOW


def test_the_newest_greeting_of_each_person_is_what_a_reply_belongs_to(session: Session) -> None:
    account, other = a_signed_in_account(session), a_signed_in_account(session, "other")
    ids = [greeted(session, account, slug) for slug in ("ann", "bob", "eve", "old")]
    greeted(session, other, "ann")
    ann, bob, eve = (contact_by_slug(session, account, slug) for slug in ("ann", "bob", "eve"))
    now = database_now(session)
    days = timedelta(days=1)
    bob.do_not_contact = True
    keeps = Campaign.id == action(session, ids[0]).campaign_id
    session.execute(update(Campaign).where(keeps).values(options={"keep_replies": True}))
    session.execute(update(Interaction).where(Interaction.contact_id == eve.id).values(replied_at=now))
    session.execute(
        update(Interaction).where(Interaction.action_id == ids[3]).values(created_at=now - REPLY_WINDOW)
    )
    action(session, ids[0]).acting_since = now - 3 * days
    earlier = planned_before(session, account, ann)
    action(session, earlier).acting_since = now - 4 * days
    visit = action(session, planned_before(session, account, bob))
    visit.kind, visit.acting_since = Kind.VISIT, now + SECOND
    session.flush()
    session.execute(update(Interaction).where(Interaction.action_id == visit.id).values(type=Kind.VISIT))
    reading = begun(session, account)
    assert [one.contact_id for one in reading.greeted] == [ann.id, bob.id, eve.id]
    first, second, third = reading.greeted
    assert (first.profile_url, first.greeted_at) == (ann.profile_url, now - 3 * days)
    assert (first.keep_text, first.may_open, first.replied) == (True, True, False)
    assert (second.keep_text, second.may_open, second.greeted_at) == (False, False, now)
    assert (third.replied, third.may_open) == (True, True)
    action(session, ids[0]).acting_since = None
    session.flush()
    next_hour(session)
    session.expire_all()
    assert begun(session, account).greeted[0].greeted_at == now


def planned_before(session: Session, account: AccountRecord, contact: Contact) -> UUID:
    """Greet somebody for an earlier birthday too."""
    action_id = planned_for(session, account, contact)
    queue_due_actions(session)
    claim = claim_action(session, action_id)
    assert lifecycle.write_intent(session, claim)
    assert lifecycle.record_effect(session, claim, status="sent", text="Earlier", screenshot=None)
    session.flush()
    return action_id


def planned_for(session: Session, account: AccountRecord, contact: Contact) -> UUID:
    session.execute(
        update(Action).where(Action.contact_id == contact.id).values(occasion=Action.occasion + " before")
    )
    return add_planned(session, account, contact)


def test_a_reply_is_marked_once_and_dates_only_move_forward(session: Session) -> None:
    account, other = a_signed_in_account(session), a_signed_in_account(session, "other")
    greeted(session, account, "ann")
    greeted(session, account, "bob")
    reading = begun(session, account)
    now = database_now(session)
    ann = reading.greeted[0]

    def mark(at: datetime, message: str, read_to: datetime | None) -> tuple[int, datetime | None]:
        marked = replies.record_replies(session, reading, [Reply(ann, at, message)], read_to)
        session.expire_all()
        row = session.get_one(Interaction, ann.interaction_id)
        assert (row.replied_at, row.reply) == (now, "first")
        owner = session.get_one(Account, account.id)
        return marked, owner.inbox_read_at

    assert mark(now, "first", now) == (1, now)
    assert mark(now + SECOND, "second", now + SECOND) == (0, now + SECOND)
    assert session.get_one(Contact, ann.contact_id).replied_at == now + SECOND
    assert mark(now - SECOND, "late", now - SECOND) == (0, now + SECOND)
    assert mark(now - SECOND, "late", None) == (0, now + SECOND)
    assert session.get_one(Contact, ann.contact_id).replied_at == now + SECOND
    assert session.get_one(Interaction, reading.greeted[1].interaction_id).replied_at is None
    assert session.get_one(Contact, reading.greeted[1].contact_id).replied_at is None
    assert session.get_one(Account, other.id).inbox_read_at is None
