"""What differs between the kinds of campaign when a schedule starts one."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from tasks.campaigns.plan_birthdays import start_birthday_campaign
from tasks.campaigns.plan_invitations import start_invitations_campaign
from tasks.campaigns.plan_searches import start_sourcing_campaign
from tasks.campaigns.plan_visits import start_visitor_campaign
from tasks.contract import BirthdayOptions, InvitationsOptions, SourcingOptions, VisitorOptions
from worker.rules.model import CampaignKind


def start_campaign(
    session: Session, kind: CampaignKind, account: str, campaign_id: UUID, options: Mapping[str, Any]
) -> bool:
    """Start a campaign from stored options; return whether its site is to be read before it can plan.

    Raises RequestRefusedError for what can't be started any more, and ValidationError for options that its
    kind doesn't know.
    """
    match kind:
        case CampaignKind.BIRTHDAY:
            asked = BirthdayOptions.model_validate(options)
            return start_birthday_campaign(session, account=account, campaign_id=campaign_id, options=asked)
        case CampaignKind.VISITOR:
            to_visit = VisitorOptions.model_validate(options)
            start_visitor_campaign(session, account=account, campaign_id=campaign_id, options=to_visit)
        case CampaignKind.SOURCING:
            to_find = SourcingOptions.model_validate(options)
            start_sourcing_campaign(session, account=account, campaign_id=campaign_id, options=to_find)
        case CampaignKind.INVITATIONS:
            to_withdraw = InvitationsOptions.model_validate(options)
            return start_invitations_campaign(
                session, account=account, campaign_id=campaign_id, options=to_withdraw
            )
    return False
