"""A person on hold is reached by no campaign before the day, and then without anybody's doing."""

from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from db.store.actions import gates
from db.store.actions.gates import ClosedGate
from db.store.people import contacts, holds, visits
from db.store.people.accounts import AccountRecord
from db.tables import Contact
from tests.builders import a_contact, action, add_planned, an_account, database_now
from tests.db.helpers import claim_action, queue_due_actions
from worker.errors import Reason, RequestRefusedError
from worker.rules.model import Kind
from worker.rules.quota.windows import calendar_day

APIA = "Pacific/Apia"
"""A zone whose day begins 13 hours before UTC's."""


def a_greeting(session: Session) -> tuple[AccountRecord, Contact, UUID, date]:
    """Plan a greeting; return today's date in the account's zone as well."""
    account = an_account(session, zone=APIA)
    contact = a_contact(session, account, "ann")
    today = database_now(session).astimezone(account.zone).date()
    return account, contact, add_planned(session, account, contact), today


def test_a_planned_greeting_waits_for_the_day_and_is_due_when_the_hold_is_ended(session: Session) -> None:
    _, contact, action_id, today = a_greeting(session)
    until = today + timedelta(days=2)
    assert holds.hold_contact(session, contact.id, until, reason="on leave", by="me") == 1
    row = action(session, action_id)
    assert (row.reason, row.not_before) == (Reason.ON_HOLD, calendar_day(until, ZoneInfo(APIA)).start)
    assert queue_due_actions(session) == []
    assert holds.release_contact(session, contact.id, by="me")
    assert not holds.release_contact(session, contact.id, by="me")
    assert (contact.hold_until, contact.hold_reason, contact.hold_by) == (None, None, None)
    assert queue_due_actions(session) == [action_id]


@pytest.mark.parametrize(("days", "closed"), [(1, True), (0, False), (-1, False)])
def test_the_gate_holds_until_the_day_begins_in_the_accounts_zone(
    session: Session, *, days: int, closed: bool
) -> None:
    account, contact, action_id, today = a_greeting(session)
    assert queue_due_actions(session) == [action_id]
    claim = claim_action(session, action_id)
    until = today + timedelta(days=days)
    contact.hold_until = until
    session.flush()
    gate = ClosedGate(Reason.ON_HOLD, calendar_day(until, account.zone).start) if closed else None
    assert gates.find_closed_gate(session, claim) == gate


def test_a_withdrawal_leaves_the_person_alone_and_goes_on(session: Session) -> None:
    _, contact, action_id, today = a_greeting(session)
    action(session, action_id).kind = Kind.WITHDRAW
    session.flush()
    assert holds.hold_contact(session, contact.id, today + timedelta(days=2), reason=None, by="me") == 0
    assert queue_due_actions(session) == [action_id]
    assert gates.find_closed_gate(session, claim_action(session, action_id)) is None


def test_a_hold_must_end_after_today(session: Session) -> None:
    _, contact, _, today = a_greeting(session)
    with pytest.raises(RequestRefusedError, match=f"after today, which is {today}"):
        holds.hold_contact(session, contact.id, today, reason=None, by="me")
    assert contact.hold_until is None


def test_a_hold_ends_before_the_calendar_does(session: Session) -> None:
    """The forecast needs the day after its last one, so every page with a forecast would fail."""
    _, contact, _, _ = a_greeting(session)
    with pytest.raises(RequestRefusedError, match="100 years at most"):
        holds.hold_contact(session, contact.id, date.max, reason=None, by="me")
    assert contact.hold_until is None


def test_planning_knows_when_the_hold_ends(session: Session) -> None:
    account, contact, _, today = a_greeting(session)
    contact.birth_month, contact.birth_day = today.month, today.day
    contact.hold_until = today + timedelta(days=2)
    seen = a_contact(session, account, "bob")
    session.flush()
    ends = calendar_day(contact.hold_until, account.zone).start
    (due,) = contacts.list_due_birthdays(session, account.id, today, 0, texts_since=database_now(session))
    assert (due.left_out, due.held_until) == (None, ends)
    (named,) = visits.check_contacts(session, account.id, [contact.id], no_repeat_days=1)
    assert named.held_until == ends
    unseen = visits.list_unseen_connections(session, account.id, months=1, no_repeat_days=1, limit=9)
    assert [one.contact_id for one in unseen] == [seen.id]


def test_who_is_away_is_listed_until_they_are_back_or_held(session: Session) -> None:
    account, contact, _, today = a_greeting(session)
    for days, shown in ((0, 0), (1, 1), (9, 1)):
        contact.away_until = today + timedelta(days=days)
        session.flush()
        assert len(holds.list_away(session, account.id)) == shown
    contact.hold_until = contact.away_until
    session.flush()
    assert holds.list_away(session, account.id) == []
