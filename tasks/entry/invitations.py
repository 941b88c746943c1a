"""Campaigns that withdraw sent invitations: the task functions."""

from tasks.actions.dispatch import dispatch_due
from tasks.campaigns.plan_invitations import read_invitations
from tasks.campaigns.requests import start_requested_campaign
from tasks.contract import (
    INVITATIONS_CAMPAIGN,
    INVITATIONS_READ,
    INVITATIONS_WITHDRAW,
    ActionRef,
    CampaignRef,
    InvitationsCampaign,
)
from tasks.entry.in_turn import perform_and_dispatch_next
from tasks.services import get_services
from worker.app import app


@app.task(name=INVITATIONS_CAMPAIGN, pydantic=True, pydantic_strict=False)
def start_campaign(request: InvitationsCampaign) -> None:
    """Start a campaign that withdraws old invitations; the site is read first."""
    start_requested_campaign(get_services(), request)
    dispatch_due(get_services())


@app.task(name=INVITATIONS_READ, pydantic=True, pydantic_strict=False)
def read_list(ref: CampaignRef) -> None:
    """Read the sent invitations of the campaign's account and plan."""
    read_invitations(get_services(), ref.campaign_id)
    dispatch_due(get_services())


@app.task(name=INVITATIONS_WITHDRAW, pydantic=True, pydantic_strict=False)
def withdraw(ref: ActionRef) -> None:
    """Withdraw one invitation."""
    perform_and_dispatch_next(get_services(), ref.action_id)
