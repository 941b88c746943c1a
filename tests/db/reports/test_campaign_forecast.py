"""When a campaign has done all that it has planned."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from db.engine import Database
from db.store.actions import control
from db.store.campaigns import campaigns, searches
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from db.store.quota import limits as store
from db.store.reports.forecasts import campaign_forecast
from db.tables import Action, Campaign
from tests.builders import (
    FREE,
    TEN,
    a_campaign,
    a_contact,
    a_search,
    add_planned,
    add_proposed,
    an_account,
    database_now,
    found,
)
from worker.rules.model import CampaignState, Kind, SearchEnd
from worker.rules.quota.limits import Limits


def days_until_the_end(session: Session, account: AccountRecord, campaign_id: UUID) -> int | None:
    campaign = campaigns.find_campaign(session, campaign_id)
    assert campaign is not None
    end = campaign_forecast.forecast_end(session, account, campaign, default_late_days=10)
    return None if end is None else (end.date() - database_now(session).date()).days


def signed_in(session: Session, limits: Limits) -> AccountRecord:
    account = an_account(session, limits=limits)
    accounts.save_session(session, account.id, b"sealed")
    return accounts.get_account(session, account.id)


def greeting_campaign(session: Session, account: AccountRecord, people: int) -> UUID:
    campaign_id = a_campaign(session, account)
    for number in range(people):
        contact = a_contact(session, account, f"p{number}")
        add_planned(session, account, contact, campaign_id=campaign_id)
    session.execute(update(Campaign).values(state=CampaignState.PLANNED))
    session.execute(update(Action).values(expires_on=database_now(session).date() + timedelta(days=10)))
    return campaign_id


def test_greetings_end_on_the_day_on_which_the_quota_lets_the_last_one_through(database: Database) -> None:
    with database.transaction() as session:
        account = signed_in(session, TEN)
        campaign_id = greeting_campaign(session, account, 25)
        assert days_until_the_end(session, account, campaign_id) == 2


def test_what_waits_for_a_person_or_has_ended_has_no_end(database: Database) -> None:
    with database.transaction() as session:
        account = signed_in(session, FREE)
        campaign_id = greeting_campaign(session, account, 1)
        assert days_until_the_end(session, account, campaign_id) == 0
        control.pause_account(session, account.id)
        assert days_until_the_end(session, accounts.get_account(session, account.id), campaign_id) is None
        session.execute(delete(Action))
        assert days_until_the_end(session, account, campaign_id) is None
        add_proposed(session, account, a_contact(session, account, "q"), campaign_id=campaign_id)
        assert days_until_the_end(session, account, campaign_id) is None


def test_a_search_that_goes_on_is_expected_to_find_as_many_as_it_may(database: Database) -> None:
    with database.transaction() as session:
        account = signed_in(session, FREE)
        for kind in (Kind.VISIT, Kind.COLLECT):
            store.set_limits(session, account.id, kind, replace(TEN, per_day=10), by="tests")
        campaign_id, _ = a_search(session, account, found("zoe"))
        session.execute(update(Campaign).values(state=CampaignState.PLANNED))
        assert (days_until_the_end(session, account, campaign_id) or 0) >= 9
        search = searches.require_search(session, campaign_id)
        searches.save_cursor(session, campaign_id, replace(search, ended=SearchEnd.LIMIT))
        assert days_until_the_end(session, account, campaign_id) is None
