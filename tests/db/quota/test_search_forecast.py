"""When a campaign's pages will be read, by simulating the quota's rule."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy.orm import Session

from db.engine import Database
from db.store.actions import plans
from db.store.actions.plans import PlannedAction
from db.store.campaigns import campaigns
from db.store.people.accounts import AccountRecord
from db.store.quota import search_forecast
from db.store.quota.limits import set_limits
from tests.builders import TEN, a_campaign, a_contact, an_account, database_now
from worker.rules.model import Kind


@pytest.fixture
def account(database: Database) -> AccountRecord:
    """Ten visits and two pages a day, fifty and four in a week, and no gap."""
    with database.transaction() as session:
        account = an_account(session)
        set_limits(session, account.id, Kind.VISIT, TEN, by="tests")
        pages = replace(TEN, per_run=2, per_day=2, per_week=4)
        set_limits(session, account.id, Kind.COLLECT, pages, by="tests")
        return account


def days(session: Session, told: list[datetime | None]) -> list[int]:
    """Return how many come on each day, from today on."""
    today = database_now(session).date()
    ahead_by = [(at.date() - today).days for at in told if at is not None]
    return [ahead_by.count(day) for day in range(max(ahead_by) + 1)]


def visits_planned(session: Session, account: AccountRecord, count: int) -> UUID:
    campaign_id = a_campaign(session, account)
    campaigns.mark_planned(session, campaign_id)
    campaign = campaigns.find_campaign(session, campaign_id)
    assert campaign is not None
    today = database_now(session).date()
    drafts = [
        PlannedAction(a_contact(session, account, f"p{number}").id, "visit:2026-W47", today, "")
        for number in range(count)
    ]
    plans.insert_plan(session, campaign, Kind.VISIT, drafts)
    return campaign_id


def test_a_day_and_a_week_hold_what_they_allow(database: Database, account: AccountRecord) -> None:
    with database.transaction() as session:
        told = search_forecast.forecast_times(session, account.id, Kind.VISIT, 60, campaign_id=uuid4())
        assert days(session, told) == [10, 10, 10, 10, 10, 0, 0, 10]
        assert sorted(told, key=str) == told


def test_what_others_have_planned_goes_first_and_one_s_own_counts_once(
    database: Database, account: AccountRecord
) -> None:
    with database.transaction() as session:
        other = visits_planned(session, account, 8)
        told = search_forecast.forecast_times(session, account.id, Kind.VISIT, 5, campaign_id=uuid4())
        assert days(session, told) == [2, 3]
        assert days(
            session, search_forecast.forecast_times(session, account.id, Kind.VISIT, 8, campaign_id=other)
        ) == [8]


def test_what_never_comes_is_not_promised(database: Database, account: AccountRecord) -> None:
    with database.transaction() as session:
        nothing = replace(TEN, per_run=0, per_day=0, per_week=0)
        set_limits(session, account.id, Kind.VISIT, nothing, by="tests")
        assert search_forecast.forecast_times(session, account.id, Kind.VISIT, 2, campaign_id=uuid4()) == [
            None,
            None,
        ]
        told = search_forecast.estimate_search(session, account.id, people=15, campaign_id=uuid4())
        assert (told.last_profile, told.last_page is None) == (None, False)


def test_a_search_ends_with_its_last_page_or_its_last_profile(
    database: Database, account: AccountRecord
) -> None:
    with database.transaction() as session:
        now = database_now(session)
        few = search_forecast.estimate_search(session, account.id, people=15, campaign_id=uuid4())
        many = search_forecast.estimate_search(session, account.id, people=50, campaign_id=uuid4())
        assert (few.pages, many.pages) == (2, 5)
        assert few.last_page is not None
        assert few.last_profile is not None
        assert few.last_page.date() == now.date()
        assert few.last_profile.date() == now.date() + timedelta(days=1)
        assert many.last_page == many.last_profile  # the fifth page waits for the next week
        assert (many.of_pages.per_day, many.of_profiles.per_week) == (2, 50)
