"""Start a campaign in the caller's transaction, from options or from stored options."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from tasks.campaigns.creation import require_account
from tasks.campaigns.kinds import CAMPAIGN_TYPES
from tasks.contract import CAMPAIGN_OPTIONS, CampaignOptions
from worker.rules.model import CampaignKind


def start_stored_campaign(
    session: Session, kind: CampaignKind, account: str, campaign_id: UUID, options: Mapping[str, Any]
) -> bool:
    """Start a campaign from stored options, as `start_campaign` does.

    Also raises ValidationError for options that its kind doesn't know.
    """
    known = CAMPAIGN_OPTIONS[kind].model_validate(options)
    return start_campaign(session, account=account, campaign_id=campaign_id, options=known)


def start_campaign(session: Session, *, account: str, campaign_id: UUID, options: CampaignOptions) -> bool:
    """Add a campaign and plan it; return True if a list must be read first (`request_reading`).

    Does nothing if this id was started before with the same options. Raises RequestRefusedError, and plans
    nothing, for an account that doesn't exist or options that can't be carried out.
    """
    found = require_account(session, account)
    return CAMPAIGN_TYPES[options.kind].start(session, found, campaign_id, options)
