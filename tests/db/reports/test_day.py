"""A day of an account: each of its people in one list, by what happened and what is forecast."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from db.engine import Database
from db.store.actions import control
from db.store.people import accounts, holds
from db.store.people.accounts import AccountRecord
from db.store.quota import limits
from db.store.reports.day import read_day
from db.store.reports.forecasts import birthday_forecast
from db.tables import Contact
from tests.builders import a_contact, add_proposed, database_now
from tests.console.today.scenes import greeted, in_state, planned, signed_in, today, with_schedule
from worker.errors import Reason
from worker.rules.model import ActionState, Kind
from worker.rules.quota.limits import Limits
from worker.rules.reports.day import Day

S = ActionState
ONE_A_DAY = Limits(per_run=1, per_day=1, per_week=7, gap_min=timedelta(0), gap_max=timedelta(0))


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.transaction() as session:
        yield session


@pytest.fixture
def account(session: Session) -> AccountRecord:
    return signed_in(session)


def names(day: Day) -> dict[str, list[str]]:
    lists = (
        "greeted", "waiting", "under_way", "uncertain", "coming", "later", "paused", "unplanned", "left_out",
    )  # fmt: skip
    found = {each: sorted(person.name for person in getattr(day, each)) for each in lists}
    return {each: people for each, people in found.items() if people}


def read(session: Session, account: AccountRecord) -> Day:
    return read_day(session, account, default_late_days=3)


def test_each_person_is_in_the_list_that_says_what_happened(session: Session, account: AccountRecord) -> None:
    greeted(session, account, "Ada")
    in_state(session, account, "Bea", S.DONE, Reason.SETTLED_BY_HAND)
    in_state(session, account, "Cleo", S.NEEDS_REVIEW, Reason.CANNOT_TELL)
    in_state(session, account, "Dora", S.CLAIMED)
    in_state(session, account, "Eva", S.UNCERTAIN, Reason.PROOF_MISSING)
    in_state(session, account, "Finn", S.SKIPPED, Reason.WRITTEN_BY_HAND)
    in_state(session, account, "Gil", S.FAILED, Reason.TOO_MANY_ATTEMPTS)
    planned(session, account, "Hugo")
    planned(session, account, "Ida", is_paused=True)
    proposed = a_contact(session, account, "jo", name="Jo", birthday=today(session))
    add_proposed(session, account, proposed)
    a_contact(session, account, "kim", name="Kim", birthday=today(session))
    a_contact(session, account, "liv", name="Liv", birthday=today(session)).do_not_contact = True
    a_contact(session, account, "x", name="12345", birthday=today(session))
    held = a_contact(session, account, "mia", name="Mia", birthday=today(session))
    holds.hold_contact(session, held.id, date(2100, 1, 1), reason=None, by="olga")
    a_contact(session, account, "other", name="Another day", birthday=today(session) + timedelta(days=1))
    day = read(session, account)
    assert names(day) == {
        "greeted": ["Ada", "Bea"], "waiting": ["Cleo", "Jo"], "under_way": ["Dora"], "uncertain": ["Eva"],
        "coming": ["Hugo"], "paused": ["Ida"], "unplanned": ["Kim"],
        "left_out": ["12345", "Finn", "Gil", "Liv", "Mia"],
    }  # fmt: skip
    assert day.total == 14
    assert {person.name: person.reason for person in day.left_out} == {
        "12345": Reason.NO_NAME, "Finn": Reason.WRITTEN_BY_HAND, "Gil": Reason.TOO_MANY_ATTEMPTS,
        "Liv": Reason.DO_NOT_CONTACT, "Mia": Reason.ON_HOLD,
    }  # fmt: skip


def test_with_a_schedule_an_unplanned_birthday_is_forecast(session: Session, account: AccountRecord) -> None:
    with_schedule(session, account)
    a_contact(session, account, "kim", name="Kim", birthday=today(session))
    assert names(read(session, account)) == {"coming": ["Kim"]}


def test_times_are_those_of_the_forecast_and_what_exceeds_the_day_is_later(
    session: Session, account: AccountRecord
) -> None:
    limits.set_limits(session, account.id, Kind.GREET, ONE_A_DAY, by="tests")
    ids = {planned(session, account, name) for name in ("Ada", "Ben", "Cleo")}
    day = read(session, account)
    told = birthday_forecast.forecast_planned(session, account, default_late_days=3)
    assert {person.action_id for person in (*day.coming, *day.later)} == ids
    assert (len(day.coming), len(day.later)) == (1, 2)
    assert all(person.action_id and person.at == told[person.action_id].reached_at for person in day.later)
    assert {person.held_back for person in day.later} == {Reason.DAY_LIMIT}


def test_what_happened_on_another_day_is_not_of_today(session: Session, account: AccountRecord) -> None:
    before = database_now(session) - timedelta(days=2)
    greeted(session, account, "Ada", at=before)
    in_state(session, account, "Ben", S.SKIPPED, Reason.DROPPED_BY_HAND, at=before)
    for contact in session.query(Contact):
        contact.birth_day, contact.birth_month = (before - timedelta(days=30)).day, 1
    assert read(session, account).total == 0


def test_answers_and_other_actions_are_told(session: Session, account: AccountRecord) -> None:
    greeted(session, account, "Ada", replied=True)
    greeted(session, account, "Ben", replied=True)
    greeted(session, account, "Cleo")
    in_state(session, account, "Vic", S.DONE, kind=Kind.VISIT)
    in_state(session, account, "Wim", S.NEEDS_REVIEW, Reason.CANNOT_TELL, kind=Kind.WITHDRAW)
    day = read(session, account)
    assert sorted(reply.name for reply in day.replies) == ["Ada", "Ben"]
    assert day.replies[0].text == "Thank you!"
    assert day.done is not None
    assert day.done[Kind.VISIT] == 1
    assert [person.name for person in day.others_to_settle] == ["Wim"]
    assert names(day)["greeted"] == ["Ada", "Ben", "Cleo"]


def test_another_account_s_people_are_not_shown(session: Session, account: AccountRecord) -> None:
    other = signed_in(session, "other")
    greeted(session, other, "Ada", replied=True)
    in_state(session, other, "Ben", S.NEEDS_REVIEW, Reason.CANNOT_TELL)
    planned(session, other, "Cleo")
    day = read(session, account)
    assert (day.total, day.replies, day.others_to_settle) == (0, [], [])


def test_what_stops_the_account_is_told(session: Session, account: AccountRecord) -> None:
    control.pause_account(session, account.id)
    planned(session, account, "Ada")
    day = read(session, accounts.get_account(session, account.id))
    assert [halt.code for halt in day.halts] == ["account_paused"]
