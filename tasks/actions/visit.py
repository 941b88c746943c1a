"""Visit one profile: open it once, read it as a person would, and save what it shows."""

from sqlalchemy.orm import Session

from db.engine import today_in
from db.store.actions import lifecycle
from db.store.actions.claims import Claim
from db.store.campaigns import campaigns
from db.store.identity import learning
from db.store.people import profiles
from tasks.actions.heartbeat import LeaseGuard
from tasks.actions.read_page import read_page
from tasks.actions.settle import Outcome
from tasks.campaigns import scoring
from tasks.quota import Grant
from tasks.services import Services
from worker.rules.people.identity import Match, PersonKeys, compare_keys
from worker.rules.sourcing.profile import Profile, Section


def visit_profile(services: Services, claim: Claim, lease: LeaseGuard, grant: Grant) -> Outcome:
    """Open the profile and save its head and the sections that the campaign needs.

    Sections that an earlier campaign needed are read again, so that the whole stored profile is of one day.
    """
    with services.database.transaction() as session:
        campaign = campaigns.find_campaign(session, claim.campaign_id)
        known = profiles.find_profile(session, claim.contact_id)
    sections: frozenset[Section] = scoring.list_needed_sections(campaign) if campaign else frozenset()
    if known is not None:
        sections |= profiles.list_read_sections(known.profile)
    return read_page(
        services,
        claim,
        lease,
        grant,
        page=lambda site: (site.read_profile(claim.profile_url, sections), site.shown_keys()),
        save=lambda session, shown: _save_profile(session, claim, *shown, by=services.worker_name),
    )


def _save_profile(session: Session, claim: Claim, profile: Profile, shown: PersonKeys, *, by: str) -> bool:
    """Save the profile, unless it is of another member who has the address now, and learn who they are."""
    if not lifecycle.record_effect(session, claim, status="visited", text="", screenshot=None):
        return False
    if compare_keys(claim.keys, shown) is not Match.MOVED:
        profiles.save_profile(session, claim.contact_id, profile)
        today = today_in(session, claim.zone)
        scoring.score_in_all_campaigns(session, claim.contact_id, profile, today)
    learning.learn_keys(session, claim.account_id, shown, by=by, holding=claim.action_id)
    return True
