"""The input of a forecast: coming birthdays, planned and used units, how late a greeting may be."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from db.engine import Database
from db.store.actions import control, plans
from db.store.actions.plans import PlannedAction
from db.store.campaigns import campaigns, schedules
from db.store.kill_switch import pull_kill_switch
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from db.store.quota import limits
from db.store.reports.forecasts import birthday_forecast as store
from db.store.reports.forecasts.birthday_forecast import AccountForecast
from db.tables import Action, Campaign, Contact, Interaction
from tests.builders import FREE, a_campaign, a_contact, add_planned, an_account, database_now
from worker.errors import Reason
from worker.rules.dates.birthdays import birthday_occasion
from worker.rules.halts import HaltCause
from worker.rules.model import CampaignKind, ContactStatus, Kind
from worker.rules.quota.limits import DEFAULT_QUOTA, Limits

DAY = timedelta(days=1)


def forecast(session: Session, account: AccountRecord, *, days: int = 30, late: int = 3) -> AccountForecast:
    return store.forecast_birthdays(session, account, days=days, default_late_days=late)


def days_late(found: AccountForecast) -> dict[str, int | None]:
    """Each name's days late, None for missed."""
    return {one.action.full_name: one.days_late if one.reached_at else None for one in found.forecast.actions}


def today(session: Session) -> date:
    return database_now(session).date()


def test_birthdays_to_come_and_of_the_last_days_are_told_of_and_no_others(database: Database) -> None:
    with database.transaction() as session:
        account, on = an_account(session), today(session)
        for slug, days in {"old": -4, "late": -3, "now": 0, "lena": 29, "after": 30}.items():
            a_contact(session, account, slug, birthday=on + days * DAY)
        a_contact(session, an_account(session, "other"), "stranger", birthday=on)
        assert days_late(forecast(session, account)) == {"Late": 3, "Now": 0, "Lena": 0}
        assert days_late(forecast(session, account, days=1, late=0)) == {"Now": 0}


def test_who_is_not_to_be_greeted_is_not_told_of(database: Database) -> None:
    with database.transaction() as session:
        account, on = an_account(session), today(session)
        for slug in ("never", "gone", "greeted", "done", "cancelled", "ann"):
            a_contact(session, account, slug, birthday=on)
        people = {person.full_name: person for person in session.query(Contact)}
        people["Never"].do_not_contact = True
        people["Gone"].status = ContactStatus.NOT_CONNECTED
        people["Greeted"].last_greeted_on = on
        a_contact(session, account, "nina", birthday=on + DAY).last_greeted_on = on - 364 * DAY
        skipped = add_planned(session, account, people["Done"])
        row = session.get_one(Action, skipped)
        row.state, row.reason = "skipped", Reason.CONTACT_REPLIED
        cancelled = a_campaign(session, account)
        add_planned(session, account, people["Cancelled"], campaign_id=cancelled)
        session.flush()
        control.change_campaign(session, cancelled, control.CampaignVerb.CANCEL)
        assert days_late(forecast(session, account)) == {"Ann": 0, "Nina": 0}


def test_what_is_planned_goes_first_and_is_told_of_once(database: Database) -> None:
    with database.transaction() as session:
        one_a_day = Limits(9, 1, 7, timedelta(0), timedelta(0))
        account, on = an_account(session, limits=one_a_day), today(session)
        late = a_contact(session, account, "planned", birthday=on - DAY)
        a_contact(session, account, "now", birthday=on)
        campaign = campaigns.find_campaign(session, a_campaign(session, account))
        assert campaign is not None
        draft = PlannedAction(late.id, birthday_occasion(on - DAY), on - DAY, "Hi", expires_on=on)
        plans.insert_plan(session, campaign, Kind.GREET, [draft], needs_approval=True)
        found = forecast(session, account)
        assert days_late(found) == {"Planned": 1, "Now": 1}
        assert (found.unapproved, found.paused) == (1, 0)


def test_what_is_used_already_counts(database: Database) -> None:
    with database.transaction() as session:
        two_a_week = Limits(9, 2, 2, timedelta(0), timedelta(0))
        account, on = an_account(session, limits=two_a_week), today(session)
        for slug in ("ann", "bob"):
            values = {"account_id": account.id, "contact_id": a_contact(session, account, slug).id}
            happened = {"type": "greet", "status": "seen", "occasion": "birthday:2020", "message": "Hi"}
            session.add(Interaction(**values, **happened, source_key=slug, correlation_id="test"))
        session.flush()
        a_contact(session, account, "now", birthday=on)
        a_contact(session, account, "later", birthday=on + 7 * DAY)
        found = forecast(session, account)
        assert days_late(found) == {"Now": None, "Later": 0}
        assert found.forecast.actions[0].held_back is Reason.WEEK_LIMIT
        assert (found.forecast.days[0].used, found.forecast.days[0].limit) == (2, 2)


def test_limits_ramp_up_and_are_those_of_the_site_where_the_account_has_none(database: Database) -> None:
    with database.transaction() as session:
        added = accounts.add_account(session, name="ann", site="linkedin", zone=an_account(session).zone)
        limits.set_warm_up(session, added.id, today(session) - 6 * DAY, by="tests")
        days = forecast(session, added, days=16).forecast.days
        full = DEFAULT_QUOTA.limits[Kind.GREET].per_day
        assert [days[n].limit for n in (0, 1, 7, 8, 14, 15)] == [5, 7, 7, 12, 12, full]


@pytest.mark.parametrize(
    ("scheduled", "started", "expected"), [(None, None, 3), (None, 5, 5), (2, 5, 2), (0, 5, 0)]
)
def test_how_late_is_what_the_schedule_says_or_the_latest_campaign(
    database: Database, scheduled: int | None, started: int | None, expected: int
) -> None:
    with database.transaction() as session:
        account = an_account(session)
        if scheduled is not None:
            schedules.save_schedule(
                session,
                account_id=account.id,
                kind=CampaignKind.BIRTHDAY,
                cron="0 7 * * *",
                options={"late_days": scheduled},
                next_fire_at=datetime(2030, 1, 1, tzinfo=UTC),
            )
        if started is not None:
            session.get_one(Campaign, a_campaign(session, account)).options = {"late_days": started}
            session.flush()
        assert forecast(session, account).late_days == expected


def test_what_stops_the_account_is_told_beside_it(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        campaign = a_campaign(session, account)
        add_planned(session, account, a_contact(session, account, "ann"), campaign_id=campaign)
        session.get_one(Campaign, campaign).state = "paused"
        accounts.stop_account(session, account.id, Reason.CHALLENGE)
        session.flush()
        found = forecast(session, accounts.get_account(session, account.id))
        assert (found.halts[0].code, found.paused) == (Reason.CHALLENGE, 1)
        pull_kill_switch(session, by="tests")
        assert forecast(session, account).halts[0].cause is HaltCause.KILL_SWITCH
        assert FREE.per_day == found.forecast.days[0].limit
