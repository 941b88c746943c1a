"""How well people fit the criteria of the campaigns that found them, by what is known of each by then."""

from collections.abc import Mapping
from datetime import date

from sqlalchemy.orm import Session

from db.store.campaigns import search_hits
from db.store.campaigns.campaigns import CampaignRecord
from db.store.people import profiles
from tasks.contract import SourcingOptions
from worker.rules.model import CampaignKind, FoundPerson
from worker.rules.sourcing.criteria import given_criteria
from worker.rules.sourcing.profile import Profile
from worker.rules.sourcing.scoring import score


def score_found_people(
    session: Session, campaign: CampaignRecord, people: Mapping[int, FoundPerson], today: date
) -> None:
    """Score those whom a page found, by their stored profiles, else by what the page says of them."""
    if not _has_criteria(campaign):
        return
    criteria = SourcingOptions.model_validate(campaign.options).criteria
    stored = {record.contact_id: record.profile for record in profiles.list_profiles(session, list(people))}
    for contact_id, person in people.items():
        profile = stored.get(contact_id) or profiles.profile_from_entry(person)
        search_hits.save_score(session, campaign.id, contact_id, score(criteria, profile, today))


def score_in_all_campaigns(session: Session, contact_id: int, profile: Profile, today: date) -> None:
    """Score somebody whose profile was just read in every campaign that found them."""
    for campaign in search_hits.list_campaigns_of_contact(session, contact_id):
        if _has_criteria(campaign):
            criteria = SourcingOptions.model_validate(campaign.options).criteria
            search_hits.save_score(session, campaign.id, contact_id, score(criteria, profile, today))


def _has_criteria(campaign: CampaignRecord) -> bool:
    if campaign.kind is not CampaignKind.SOURCING:
        return False
    return bool(given_criteria(SourcingOptions.model_validate(campaign.options).criteria))
