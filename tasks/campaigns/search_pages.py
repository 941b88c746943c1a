"""Plan what a campaign that searches does next: pages of results, and visits to the people found."""

from datetime import date

from sqlalchemy.orm import Session

from db.engine import today_in
from db.store.actions import plans
from db.store.actions.plans import PlannedAction
from db.store.campaigns import campaigns, searches
from db.store.campaigns.campaigns import CampaignRecord
from db.store.campaigns.saved_searches import SearchSpec
from db.store.people.accounts import AccountRecord
from db.store.people.visits import DueVisit
from worker.errors import Reason
from worker.rules import occasions
from worker.rules.model import CampaignKind, Kind


def begin_search(
    session: Session, account: AccountRecord, campaign: CampaignRecord, spec: SearchSpec
) -> None:
    """Set the cursor before the first page, and plan that page."""
    searches.add_search(session, campaign.id, spec.query)
    plan_search_page(session, campaign, 1, today_in(session, account.zone))
    campaigns.mark_planned(session, campaign.id)


def plan_search_page(session: Session, campaign: CampaignRecord, page: int, on: date) -> None:
    """Plan the reading of one page of the campaign's search; the first page is 1."""
    occasion = occasions.search_page_occasion(campaign.id, page)
    plans.insert_plan(session, campaign, Kind.COLLECT, [PlannedAction(None, occasion, on, message="")])


def draft_visit(campaign: CampaignRecord, person: DueVisit, today: date) -> PlannedAction:
    """Return the plan of one visit. It has no last day: it is made when the quota allows."""
    sourcing = campaign.kind is CampaignKind.SOURCING
    reason = person.left_out
    if sourcing and reason is Reason.VISITED_LATELY:
        reason = None  # that visit did not read all that this campaign needs
    return PlannedAction(
        person.contact_id,
        occasions.search_occasion(campaign.id) if sourcing else occasions.visit_occasion(today, campaign.id),
        today,
        message="",
        reason=reason,
        held_until=person.held_until,
    )
