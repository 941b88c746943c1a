"""Save the plan of a campaign that considers many people at once."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from db.store.actions import plans
from db.store.actions.plans import PlannedAction
from db.store.campaigns import campaigns
from db.store.campaigns.campaigns import CampaignRecord
from worker import logs
from worker.rules.model import Kind

log = logs.get_logger(__name__)


def save_plan(
    session: Session,
    campaign: CampaignRecord,
    kind: Kind,
    drafts: Sequence[PlannedAction],
    *,
    needs_approval: bool = False,
) -> None:
    """Insert the drafts, mark the campaign as planned, and log it."""
    planned = plans.insert_plan(session, campaign, kind, drafts, needs_approval=needs_approval)
    campaigns.mark_planned(session, campaign.id)
    log.info("campaign_planned", campaign=str(campaign.id), due=len(drafts), planned=planned)
