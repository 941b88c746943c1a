"""Campaigns that are planned from a list of their site, and what they planned."""

from uuid import UUID, uuid4

from sqlalchemy import select

from db.store.campaigns import campaigns
from db.store.campaigns.campaigns import CampaignRecord
from db.tables import Action
from tasks.campaigns.start import start_campaign
from tasks.contract import BirthdayOptions, InvitationsOptions
from tasks.services import Services
from worker import logs


def start(services: Services, **options: object) -> UUID:
    """Start a campaign of birthdays whose site is to be read first."""
    campaign_id = uuid4()
    with services.database.transaction() as session, logs.bound(correlation_id="test"):
        asked = BirthdayOptions.model_validate(options)
        assert start_campaign(session, account="demo", campaign_id=campaign_id, options=asked)
    return campaign_id


def withdrawals(services: Services, **options: object) -> UUID:
    campaign_id = uuid4()
    with services.database.transaction() as session, logs.bound(correlation_id="test"):
        asked = InvitationsOptions.model_validate(options)
        assert start_campaign(session, account="demo", campaign_id=campaign_id, options=asked)
    return campaign_id


def campaign_of(services: Services, campaign_id: UUID) -> CampaignRecord:
    with services.database.transaction() as session:
        found = campaigns.find_campaign(session, campaign_id)
    assert found is not None
    return found


def planned(services: Services) -> list[Action]:
    with services.database.transaction() as session:
        return list(session.scalars(select(Action)))
