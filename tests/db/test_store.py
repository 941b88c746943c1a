"""Birthdays, schedules, campaigns and lists in the store."""

from datetime import date, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from db.engine import Database
from db.store.actions import interactions, lifecycle
from db.store.campaigns import campaigns, schedules
from db.store.people import accounts, contacts
from db.store.quota import limits
from db.store.reports import overview
from db.tables import Contact, ScheduleFire
from tests.builders import LONG_AGO, SANDBOX, a_campaign, a_contact, add_planned, an_account, database_now
from tests.db.helpers import claim_action, open_database, queue_due_actions, run_concurrently
from worker.errors import Reason
from worker.rules.model import ActionState, BirthdayCard, CampaignKind, CampaignState, Kind
from worker.rules.quota.limits import PRACTICE_QUOTA, Limits


def card(slug: str, on: date, name: str = "Ann") -> BirthdayCard:
    return BirthdayCard(f"{SANDBOX}{slug}/", name, on)


def birthday_of(session: Session, slug: str) -> tuple[str, int | None, int | None]:
    session.expire_all()
    found = session.scalars(select(Contact).where(Contact.profile_url == f"{SANDBOX}{slug}/")).one()
    return found.full_name, found.birth_month, found.birth_day


def test_a_birthdays_page_adds_people_and_brings_known_ones_up_to_date(session: Session) -> None:
    account = an_account(session)
    a_contact(session, account, "known", name="Known")
    page = [
        card("known", date(2027, 3, 4), "Known Renamed"),
        card("new", date(2027, 3, 5), "New"),
        card("new", date(2027, 3, 6), "New Twice"),
    ]
    assert contacts.save_birthdays(session, account.id, page) == 2
    assert birthday_of(session, "known") == ("Known Renamed", 3, 4)
    assert birthday_of(session, "new") == ("New Twice", 3, 6)
    assert contacts.save_birthdays(session, account.id, []) == 0


def test_a_page_that_shows_28_february_does_not_forget_the_29th(session: Session) -> None:
    account = an_account(session)
    contacts.save_birthdays(session, account.id, [card("leap", date(2028, 2, 29))])
    contacts.save_birthdays(session, account.id, [card("leap", date(2029, 2, 28), "Ann Renamed")])
    assert birthday_of(session, "leap") == ("Ann Renamed", 2, 29)
    contacts.save_birthdays(session, account.id, [card("leap", date(2029, 3, 1))])
    assert birthday_of(session, "leap") == ("Ann", 3, 1)


def test_a_page_leaves_do_not_contact_as_a_person_set_it(session: Session) -> None:
    account = an_account(session)
    a_contact(session, account, "ann").do_not_contact = True
    session.flush()
    contacts.save_birthdays(session, account.id, [card("ann", date(2027, 3, 4))])
    (due,) = contacts.list_due_birthdays(session, account.id, date(2027, 3, 4), 0, texts_since=LONG_AGO)
    assert due.left_out is Reason.DO_NOT_CONTACT


def test_a_limit_of_the_accounts_own_holds_at_once_and_the_defaults_without_one(session: Session) -> None:
    account = accounts.add_account(session, name="fresh", site="sandbox", zone=ZoneInfo("UTC"))
    assert limits.get_configured_limits(session, account.id, Kind.GREET) == PRACTICE_QUOTA.limits[Kind.GREET]
    for count in (3, 4):
        own = Limits(1, 2, count, timedelta(milliseconds=1), timedelta(milliseconds=1500))
        limits.set_limits(session, account.id, Kind.GREET, own, by="tests")
        assert limits.get_configured_limits(session, account.id, Kind.GREET) == own
    assert limits.get_configured_limits(session, account.id, Kind.VISIT) == PRACTICE_QUOTA.limits[Kind.VISIT]


def a_due_schedule(session: Session) -> datetime:
    account = an_account(session)
    due_at = database_now(session) - timedelta(minutes=5)
    schedules.save_schedule(
        session, account_id=account.id, kind=CampaignKind.BIRTHDAY, cron="0 7 * * *", options={},
        next_fire_at=due_at,
    )  # fmt: skip
    return due_at


def fire_all(own: Database) -> int:
    """Fire the due schedules, as a tick of beat does."""
    with own.transaction() as session:
        due = schedules.lock_due_schedules(session)
        for schedule in due:
            campaign_id = a_campaign(
                session,
                accounts.add_account(session, name=schedule.account, site="sandbox", zone=schedule.zone),
            )
            schedules.record_fire(
                session, schedule, campaign_id=campaign_id, next_fire_at=schedule.now + timedelta(days=1)
            )
        return len(due)


def test_of_several_beats_at_once_one_fires(database: Database, database_url: str) -> None:
    with database.transaction() as session:
        due_at = a_due_schedule(session)
    assert sorted(run_concurrently(database_url, 4, lambda own, _: fire_all(own))) == [0, 0, 0, 1]
    with database.transaction() as session:
        assert [fire.fire_at for fire in session.scalars(select(ScheduleFire))] == [due_at]
        assert schedules.lock_due_schedules(session) == []


def test_a_beat_passes_over_a_schedule_that_another_holds(database: Database, database_url: str) -> None:
    with database.transaction() as session:
        a_due_schedule(session)
    with database.transaction() as first:
        assert len(schedules.lock_due_schedules(first)) == 1
        with open_database(database_url) as other:
            assert fire_all(other) == 0


def test_an_instant_that_was_noted_is_not_noted_again(session: Session) -> None:
    due_at = a_due_schedule(session)
    (due,) = schedules.lock_due_schedules(session)
    account = accounts.add_account(session, name=due.account, site="sandbox", zone=due.zone)
    first, second = a_campaign(session, account), a_campaign(session, account)
    schedules.record_fire(session, due, campaign_id=first, next_fire_at=due_at)
    schedules.record_fire(session, due, campaign_id=second, next_fire_at=due.now + timedelta(days=1))
    assert [fire.campaign_id for fire in session.scalars(select(ScheduleFire))] == [first]


def test_a_schedule_that_is_switched_off_or_not_due_does_not_fire(session: Session) -> None:
    a_due_schedule(session)
    session.execute(text("update schedules set enabled = false"))
    assert schedules.lock_due_schedules(session) == []
    a_due_schedule(session)  # setting it again enables it
    assert len(schedules.lock_due_schedules(session)) == 1
    session.execute(text("update schedules set next_fire_at = now() + interval '1 second'"))
    assert schedules.lock_due_schedules(session) == []


def test_a_campaign_starts_once_under_its_id(session: Session) -> None:
    account = an_account(session)
    campaign_id = uuid4()
    started = [
        campaigns.add_campaign(
            session, campaign_id=campaign_id, account_id=account.id, kind=CampaignKind.BIRTHDAY,
            options={"n": n}, correlation_id="c",
        )
        for n in range(2)
    ]  # fmt: skip
    assert started == [True, False]
    record = campaigns.find_campaign(session, campaign_id)
    assert record is not None
    assert (record.options, record.state) == ({"n": 0}, CampaignState.READING)
    assert campaigns.find_campaign(session, uuid4()) is None


def test_a_reading_that_nobody_answered_is_asked_for_again_once(
    database: Database, database_url: str
) -> None:
    with database.transaction() as session:
        stale = a_campaign(session, an_account(session))
        done = a_campaign(session, an_account(session))
        failed = a_campaign(session, an_account(session))
        campaigns.mark_planned(session, done)
        campaigns.mark_failed(session, failed, Reason.NOT_SIGNED_IN, "sign in first")
        campaigns.mark_failed(session, done, Reason.UNEXPECTED, "too late")
        assert campaigns.take_stale_readings(session, timedelta(minutes=2)) == []
    with database.transaction() as session:
        session.execute(text("update campaigns set nudged_at = now() - interval '3 minutes'"))
    with database.transaction() as session:
        assert [c.id for c in campaigns.take_stale_readings(session, timedelta(minutes=2))] == [stale]
        with open_database(database_url) as other, other.transaction() as second:
            assert campaigns.take_stale_readings(second, timedelta(minutes=2)) == []
    with database.transaction() as session:
        assert campaigns.take_stale_readings(session, timedelta(minutes=2)) == []
        states = [campaigns.find_campaign(session, i) for i in (done, failed)]
        assert [record.state for record in states if record] == [CampaignState.PLANNED, CampaignState.FAILED]


def test_a_campaign_that_is_being_planned_is_not_asked_for_again(
    database: Database, database_url: str
) -> None:
    with database.transaction() as session:
        campaign_id = a_campaign(session, an_account(session))
        session.execute(text("update campaigns set nudged_at = null"))
    with database.transaction() as planner, open_database(database_url) as other:
        assert campaigns.find_campaign(planner, campaign_id, lock=True) is not None
        with other.transaction() as session:
            session.execute(text("set local lock_timeout = '2s'"))
            assert campaigns.take_stale_readings(session, timedelta(minutes=2)) == []
    with database.transaction() as session:
        assert [c.id for c in campaigns.take_stale_readings(session, timedelta(minutes=2))] == [campaign_id]


def interactions_of(session: Session, name: str, count: int) -> list[UUID]:
    account = an_account(session, name)
    ids = []
    for number in range(count):
        action_id = add_planned(session, account, a_contact(session, account, f"p{number}"))
        assert queue_due_actions(session) == [action_id]
        claim = claim_action(session, action_id)
        lifecycle.write_intent(session, claim)
        lifecycle.record_effect(session, claim, status="sent", text=f"text {number}", screenshot=None)
        session.flush()
        ids.append(action_id)
    return ids


@pytest.mark.parametrize("size", [1, 3, 4, 100])
def test_pages_are_complete_in_order_and_do_not_overlap(session: Session, size: int) -> None:
    expected = interactions_of(session, "one", 7)
    interactions_of(session, "two", 2)
    seen: list[UUID | None] = []
    before = None
    while page := interactions.list_interactions(session, limit=size, before=before, account="one"):
        assert len(page) <= size
        assert {row.account for row in page} == {"one"}
        seen += [row.action_id for row in page]
        before = page[-1].id
    assert seen == expected[::-1]
    assert len(interactions.list_interactions(session, limit=100)) == 9


def test_rows_that_arrive_meanwhile_do_not_move_a_page(session: Session) -> None:
    expected = interactions_of(session, "one", 4)
    first = interactions.list_interactions(session, limit=2)
    interactions_of(session, "two", 2)
    second = interactions.list_interactions(session, limit=2, before=first[-1].id)
    assert [row.action_id for row in [*first, *second]] == expected[::-1]


def test_what_a_person_watches_shows_the_proven_text_only_once_there_is_one(session: Session) -> None:
    interactions_of(session, "one", 1)
    account = an_account(session, "one")
    add_planned(session, account, a_contact(session, account, "zoe"), text="to be said")
    done, waiting = overview.list_account_actions(session, account.id)
    assert (done.state, done.sent) == (ActionState.DONE, "text 0")
    assert (waiting.state, waiting.sent, waiting.message) == (ActionState.PLANNED, None, "to be said")
