"""Score people by the criteria of the campaigns that found them, from what is known about each."""

from collections.abc import Mapping
from datetime import date

from sqlalchemy.orm import Session

from db.store.campaigns import search_hits
from db.store.campaigns.campaigns import CampaignRecord
from db.store.people import profiles
from tasks.contract import SourcingOptions
from worker.rules.model import CampaignKind, FoundPerson
from worker.rules.sourcing.criteria import Criteria, given_criteria, needed_sections
from worker.rules.sourcing.profile import Profile, Section
from worker.rules.sourcing.scoring import score


def list_needed_sections(campaign: CampaignRecord) -> frozenset[Section]:
    """Return the sections of a profile that the campaign needs; a visitor campaign needs none."""
    criteria = _find_criteria(campaign)
    return frozenset() if criteria is None else needed_sections(criteria)


def score_found_people(
    session: Session, campaign: CampaignRecord, people: Mapping[int, FoundPerson], today: date
) -> None:
    """Score the people of a page by their stored profiles, else by what the page shows of them.

    The keys of `people` are contact ids. Nobody is scored in a campaign without criteria.
    """
    criteria = _find_criteria(campaign)
    if criteria is None or not given_criteria(criteria):
        return
    stored = {record.contact_id: record.profile for record in profiles.list_profiles(session, list(people))}
    for contact_id, person in people.items():
        profile = stored.get(contact_id) or profiles.profile_from_entry(person)
        search_hits.save_score(session, campaign.id, contact_id, score(criteria, profile, today))


def score_in_all_campaigns(session: Session, contact_id: int, profile: Profile, today: date) -> None:
    """Score a person whose profile was just read, in every campaign that found them."""
    for campaign in search_hits.list_campaigns_of_contact(session, contact_id):
        criteria = _find_criteria(campaign)
        if criteria is not None and given_criteria(criteria):
            search_hits.save_score(session, campaign.id, contact_id, score(criteria, profile, today))


def _find_criteria(campaign: CampaignRecord) -> Criteria | None:
    if campaign.kind is not CampaignKind.SOURCING:
        return None
    return SourcingOptions.model_validate(campaign.options).criteria
