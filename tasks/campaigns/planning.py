"""Save the plan of a campaign that considers many people at once."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from db.store.actions import plans
from db.store.actions.plans import PlannedAction
from db.store.campaigns import campaigns
from db.store.campaigns.campaigns import CampaignRecord
from worker import logs, metrics
from worker.rules.model import Kind

log = logs.get_logger(__name__)


def save_plan(
    session: Session,
    campaign: CampaignRecord,
    kind: Kind,
    drafts: Sequence[PlannedAction],
    *,
    considered: int,
    needs_approval: bool = False,
) -> None:
    """Insert the drafts, mark the campaign as planned, and count and log it.

    `considered` is how many people the campaign looked at: those not planned are counted as known or left
    out.
    """
    planned = plans.insert_plan(session, campaign, kind, drafts, needs_approval=needs_approval)
    campaigns.mark_planned(session, campaign.id)
    metrics.CONTACTS_PROCESSED.labels("plan", "planned").inc(planned)
    metrics.CONTACTS_PROCESSED.labels("plan", "known_or_left_out").inc(considered - planned)
    log.info("campaign_planned", campaign=str(campaign.id), due=len(drafts), planned=planned)
