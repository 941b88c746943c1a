"""One visit: a profile is opened once, read as a person would, and what it showed is kept."""

from uuid import UUID

from sqlalchemy.orm import Session

from db.clock import today_in
from db.store.actions import lifecycle
from db.store.actions.lifecycle import Claim
from db.store.campaigns import campaigns
from db.store.people import profiles
from tasks.actions.heartbeat import LeaseGuard
from tasks.actions.read_page import read_page
from tasks.actions.settle import Outcome
from tasks.campaigns import scoring
from tasks.contract import SourcingOptions
from tasks.quota import Grant
from tasks.services import Services
from worker import metrics
from worker.rules.model import CampaignKind
from worker.rules.sourcing.criteria import needed_sections
from worker.rules.sourcing.profile import Profile, Section


def visit_profile(services: Services, claim: Claim, hold: LeaseGuard, grant: Grant) -> Outcome:
    """Open the profile and keep what it shows: the head, and the sections that the criteria need.

    Sections that an earlier campaign needed are read again, so that no profile is kept half old.
    """
    with services.database.transaction() as session:
        sections = get_needed_sections(session, claim.campaign_id)
        known = profiles.find_profile(session, claim.contact_id)
    if known is not None:
        sections |= profiles.list_read_sections(known.profile)
    outcome = read_page(
        services,
        claim,
        hold,
        grant,
        page=lambda site: site.read_profile(claim.profile_url, sections),
        keep=lambda session, profile: _save_profile(session, claim, profile),
    )
    metrics.CONTACTS_PROCESSED.labels("profile", outcome).inc()
    return outcome


def get_needed_sections(session: Session, campaign_id: UUID) -> frozenset[Section]:
    """Return which sections of a profile the campaign needs; a visitor campaign needs none."""
    campaign = campaigns.find_campaign(session, campaign_id)
    if campaign is None or campaign.kind is not CampaignKind.SOURCING:
        return frozenset()
    return needed_sections(SourcingOptions.model_validate(campaign.options).criteria)


def _save_profile(session: Session, claim: Claim, profile: Profile) -> bool:
    if not lifecycle.record_effect(session, claim, status="visited", text="", screenshot=None):
        return False
    profiles.save_profile(session, claim.contact_id, profile)
    today = today_in(session, claim.zone)
    scoring.score_in_all_campaigns(session, claim.contact_id, profile, today)
    return True
