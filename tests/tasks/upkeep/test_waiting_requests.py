"""Requested campaigns whose message was lost start from what Postgres keeps of them."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, update

from api_stub.campaign_requests import keep_campaign_request
from db.store.campaigns import campaigns
from db.store.people.accounts import AccountRecord
from db.tables import CampaignRequest
from tasks.campaigns.start import start_campaign
from tasks.contract import AnyCampaignRequest, BirthdayCampaign, VisitorCampaign
from tasks.services import Services
from tasks.upkeep import schedules
from tasks.upkeep.schedules import CATCH_UP, START_AFTER, start_waiting_requests
from tests.builders import TEN, an_account
from worker.rules.model import CampaignKind

NOT_READING = BirthdayCampaign(account="demo", read_site=False)


@pytest.fixture
def account(services: Services) -> AccountRecord:
    with services.database.transaction() as session:
        return an_account(session)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """The campaigns whose list was requested."""
    requested: list[UUID] = []
    monkeypatch.setattr(schedules, "request_reading", lambda _, campaign_id: requested.append(campaign_id))
    return requested


def keep(services: Services, account: AccountRecord, waited: timedelta, request: AnyCampaignRequest) -> UUID:
    with services.database.transaction() as session:
        campaign_id = keep_campaign_request(session, account, request, "trace-7")
        session.execute(update(CampaignRequest).values(created_at=func.now() - waited))
    assert campaign_id is not None
    return campaign_id


def count_waiting(services: Services) -> int:
    with services.database.transaction() as session:
        kept = select(func.count()).where(CampaignRequest.options.is_not(None))
        return session.scalar(kept) or 0


def test_a_campaign_whose_message_was_lost_starts_once(
    services: Services, account: AccountRecord, read: list[UUID]
) -> None:
    campaign_id = keep(services, account, 2 * START_AFTER, BirthdayCampaign(account="demo", late_days=5))
    start_waiting_requests(services)
    start_waiting_requests(services)
    with services.database.transaction() as session:
        found = campaigns.find_campaign(session, campaign_id)
    assert found is not None
    assert found.kind is CampaignKind.BIRTHDAY
    assert found.options["late_days"] == 5
    assert found.correlation_id == "trace-7"
    assert read == [campaign_id]
    assert count_waiting(services) == 0


def test_a_message_gets_time_to_arrive(services: Services, account: AccountRecord) -> None:
    campaign_id = keep(services, account, START_AFTER / 2, NOT_READING)
    start_waiting_requests(services)
    with services.database.transaction() as session:
        assert campaigns.find_campaign(session, campaign_id) is None
    assert count_waiting(services) == 1


def test_a_campaign_that_its_message_started_keeps_no_request(
    services: Services, account: AccountRecord
) -> None:
    campaign_id = keep(services, account, 2 * START_AFTER, NOT_READING)
    with services.database.transaction() as session:
        start_campaign(session, account="demo", campaign_id=campaign_id, options=NOT_READING)
    assert count_waiting(services) == 0


def test_a_request_that_waited_too_long_is_dropped(services: Services, account: AccountRecord) -> None:
    campaign_id = keep(services, account, CATCH_UP * 1.1, NOT_READING)
    start_waiting_requests(services)
    with services.database.transaction() as session:
        assert campaigns.find_campaign(session, campaign_id) is None
    assert count_waiting(services) == 0


def test_a_request_that_cant_start_ends_and_stops_no_other(
    services: Services, account: AccountRecord
) -> None:
    with services.database.transaction() as session:
        real = an_account(session, "real", site="linkedin", limits=TEN)
    keep(services, real, 2 * START_AFTER, VisitorCampaign(account="real", saved_search="deleted-since"))
    other = keep(services, account, 2 * START_AFTER, NOT_READING)
    start_waiting_requests(services)
    with services.database.transaction() as session:
        assert campaigns.find_campaign(session, other) is not None
    assert count_waiting(services) == 0


def test_a_repeated_request_is_kept_once(services: Services, account: AccountRecord) -> None:
    request = BirthdayCampaign(account="demo", campaign_id=uuid4())
    first = keep(services, account, timedelta(0), request)
    assert keep(services, account, timedelta(0), request) == first
    with services.database.transaction() as session:
        other = request.model_copy(update={"late_days": 1})
        assert keep_campaign_request(session, account, other, "trace-8") is None
    assert count_waiting(services) == 1
