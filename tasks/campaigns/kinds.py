"""The kinds of campaign: how each starts, the list of the site that it reads, and the actions it plans.

What a caller may ask for is in tasks/contract.py, which HTTP and the command line share.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from db.store.people.accounts import AccountRecord
from tasks.campaigns.plan_birthdays import BIRTHDAYS, start_birthday_campaign
from tasks.campaigns.plan_invitations import SENT_INVITATIONS, start_invitations_campaign
from tasks.campaigns.plan_searches import start_sourcing_campaign
from tasks.campaigns.plan_visits import start_visitor_campaign
from tasks.campaigns.site_lists import SiteList
from worker.rules.model import CampaignKind, Kind

Start = Callable[[Session, AccountRecord, UUID, Any], bool]


@dataclass(frozen=True, slots=True)
class CampaignType:
    """One kind of campaign.

    start: adds the campaign with the options of its kind, and plans it. True where `site_list` must be read
        first
    site_list: the list that it is planned from, if any
    actions: the kinds of action that it plans
    """

    start: Start
    actions: frozenset[Kind]
    site_list: SiteList[Any] | None = None


CAMPAIGN_TYPES: Mapping[CampaignKind, CampaignType] = {
    CampaignKind.BIRTHDAY: CampaignType(start_birthday_campaign, frozenset({Kind.GREET}), BIRTHDAYS),
    CampaignKind.VISITOR: CampaignType(start_visitor_campaign, frozenset({Kind.VISIT, Kind.COLLECT})),
    CampaignKind.SOURCING: CampaignType(start_sourcing_campaign, frozenset({Kind.VISIT, Kind.COLLECT})),
    CampaignKind.INVITATIONS: CampaignType(
        start_invitations_campaign, frozenset({Kind.WITHDRAW}), SENT_INVITATIONS
    ),
}
