"""Start campaigns: on request, or from the stored options of a schedule."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from tasks.campaigns.creation import require_account
from tasks.campaigns.kinds import CAMPAIGN_TYPES
from tasks.contract import CAMPAIGN_OPTIONS, CampaignOptions, CampaignRequest
from tasks.publish import publish_task
from tasks.services import Services
from worker.rules.model import CampaignKind


def start_requested_campaign(services: Services, request: CampaignRequest) -> None:
    """Start the campaign of a request; if it is planned from a list of its site, ask for that list.

    Raises RequestRefusedError as `start_campaign` does; then nothing is planned.
    """
    campaign_id = request.campaign_id or uuid4()
    with services.database.transaction() as session:
        reading = start_campaign(session, account=request.account, campaign_id=campaign_id, options=request)
    if reading:
        request_reading(request.kind, campaign_id)


def start_stored_campaign(
    session: Session, kind: CampaignKind, account: str, campaign_id: UUID, options: Mapping[str, Any]
) -> bool:
    """Start a campaign from stored options, as `start_campaign` does.

    Also raises ValidationError for options that its kind doesn't know.
    """
    known = CAMPAIGN_OPTIONS[kind].model_validate(options)
    return start_campaign(session, account=account, campaign_id=campaign_id, options=known)


def start_campaign(session: Session, *, account: str, campaign_id: UUID, options: CampaignOptions) -> bool:
    """Add a campaign and plan it. True: it is planned once a list of its site was read (`request_reading`).

    Asked twice with one id, it starts once. Raises RequestRefusedError for an account that doesn't exist, and
    for options that can't be carried out; then nothing is planned.
    """
    found = require_account(session, account)
    return CAMPAIGN_TYPES[options.kind].start(session, found, campaign_id, options)


def request_reading(kind: CampaignKind, campaign_id: UUID) -> None:
    """Ask a browser worker to read the list that the campaign is planned from.

    Raises ValueError for a kind that reads none.
    """
    site_list = CAMPAIGN_TYPES[kind].site_list
    if site_list is None:
        raise ValueError(f"a {kind} campaign reads no list")
    publish_task(site_list.task, campaign_id=str(campaign_id))
