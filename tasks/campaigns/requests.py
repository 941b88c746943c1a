"""Start a campaign on request, and request the reading of the list that it is planned from."""

from uuid import UUID, uuid4

from tasks.campaigns.kinds import CAMPAIGN_TYPES
from tasks.campaigns.start import start_campaign
from tasks.contract import CampaignRequest
from tasks.publish import publish_task
from tasks.services import Services
from worker.rules.model import CampaignKind


def start_requested_campaign(services: Services, request: CampaignRequest) -> None:
    """Start the requested campaign; if it is planned from a list of its site, request its reading.

    Raises RequestRefusedError as `start_campaign` does; then nothing is planned.
    """
    campaign_id = request.campaign_id or uuid4()
    with services.database.transaction() as session:
        reading = start_campaign(session, account=request.account, campaign_id=campaign_id, options=request)
    if reading:
        request_reading(request.kind, campaign_id)


def request_reading(kind: CampaignKind, campaign_id: UUID) -> None:
    """Ask a browser worker to read the list that the campaign is planned from.

    Raises ValueError for a kind that reads no list.
    """
    site_list = CAMPAIGN_TYPES[kind].site_list
    if site_list is None:
        raise ValueError(f"a {kind} campaign reads no list")
    publish_task(site_list.task, campaign_id=str(campaign_id))
