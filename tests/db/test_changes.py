"""The token that says whether anything changed that a page shows."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from db.engine import Database
from db.store import kill_switch
from db.store.actions import control
from db.store.changes import read_change_token
from db.store.people import accounts, contacts, holds
from db.store.quota import epochs, ledger, limits
from db.tables import Account, Action, Campaign, Contact, Interaction
from tests.builders import LONG_AGO, TEN, a_campaign, a_contact, add_planned, an_account, database_now
from worker.errors import Reason
from worker.rules.model import ActionState, Kind
from worker.rules.quota.breaker import Breaker

Change = Callable[[Session, int], object]
TEN_LATER = LONG_AGO + timedelta(minutes=10)

CHANGES: dict[str, Change] = {
    "an account is paused": control.pause_account,
    "an account is stopped": lambda s, a: accounts.stop_account(s, a, Reason.CHALLENGE),
    "a sign-in is stored": lambda s, a: accounts.save_session(s, a, b"sealed"),
    "everything is stopped": lambda s, _: kill_switch.pull_kill_switch(s, "olga"),
    "a campaign is paused": lambda s, _: s.execute(
        update(Campaign).values(state="paused", reason="campaign_paused")
    ),
    "a person is held": lambda s, a: holds.hold_contact(
        s, the_contact(s), date(2100, 1, 1), reason=None, by="o"
    ),
    "a person must not be contacted": lambda s, a: contacts.set_do_not_contact(
        s, a, "https://sandbox.test/in/ada/", value=True, by="olga"
    ),
    "a person is added": lambda s, a: a_contact(s, accounts.get_account(s, a), "ben"),
    "limits are changed": lambda s, a: limits.set_limits(s, a, Kind.VISIT, TEN, by="olga"),
    "an action moves": lambda s, _: s.execute(
        update(Action).values(state=ActionState.SKIPPED, reason=Reason.DROPPED_BY_HAND)
    ),
    "a text is edited": lambda s, _: s.execute(update(Action).values(message="Hello!")),
    "somebody answers": lambda s, _: s.execute(update(Interaction).values(replied_at=text("now()"))),
    "a breaker opens": lambda s, a: ledger.write_breaker(s, a, Kind.GREET, Breaker(3, 1, LONG_AGO)),
    "a breaker opens again": lambda s, a: ledger.write_breaker(s, a, Kind.VISIT, Breaker(3, 2, TEN_LATER)),
    "a breaker is reset": lambda s, a: epochs.reset_breakers(s, a, [Kind.VISIT]),
    "a session ends": lambda s, _: s.execute(text("delete from console_sessions")),
}


def the_contact(session: Session) -> int:
    contact_id: int = session.query(Contact.id).limit(1).scalar() or 0
    return contact_id


@pytest.fixture
def account_id(database: Database) -> int:
    with database.transaction() as session:
        account = an_account(session)
        add_planned(
            session, account, a_contact(session, account, "ada"), campaign_id=a_campaign(session, account)
        )
        ledger.write_breaker(session, account.id, Kind.VISIT, Breaker(3, 1, LONG_AGO))
        return account.id


def token(database: Database) -> str:
    with database.transaction() as session:
        return read_change_token(session)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_it_is_another_one_after(change: Change, database: Database, account_id: int) -> None:
    before = token(database)
    with database.transaction() as session:
        change(session, account_id)
        assert token(database) == before  # not committed yet
    assert token(database) != before


def test_a_lease_and_a_greeted_day_are_no_news(database: Database, account_id: int) -> None:
    before = token(database)
    with database.transaction() as session:
        until = database_now(session) + timedelta(minutes=1)
        session.execute(update(Account).values(inbox_lease_until=until, inbox_asked_at=until))
        session.execute(update(Action).values(not_before=until, reason=Reason.GAP))
        session.execute(update(Contact).values(last_greeted_on=until.date()))
    assert token(database) == before


def test_a_commit_that_comes_after_later_ones_is_noticed(database: Database, account_id: int) -> None:
    with database.transaction() as slow:
        control.pause_account(slow, account_id)
        with database.transaction() as fast:
            kill_switch.pull_kill_switch(fast, "olga")
        before = token(database)
    assert token(database) != before


def test_notes_older_than_an_hour_are_removed_by_the_next(database: Database, account_id: int) -> None:
    with database.transaction() as session:
        session.execute(text("update recent_changes set at = now() - interval '2 hours'"))
    with database.transaction() as session:
        kill_switch.pull_kill_switch(session, "olga")
    with database.transaction() as session:
        assert session.scalar(text("select count(*) from recent_changes")) == 1
