"""Campaigns that withdraw sent invitations: the task functions."""

from uuid import uuid4

from tasks.actions.dispatch import dispatch_due
from tasks.actions.perform import perform_action
from tasks.campaigns.plan_invitations import read_invitations, start_invitations_campaign
from tasks.contract import (
    INVITATIONS_CAMPAIGN,
    INVITATIONS_READ,
    INVITATIONS_WITHDRAW,
    ActionRef,
    CampaignRef,
    InvitationsCampaign,
    InvitationsOptions,
)
from tasks.publish import publish_task
from tasks.services import services
from worker.app import app


@app.task(name=INVITATIONS_CAMPAIGN, pydantic=True, pydantic_strict=False)
def campaign(request: InvitationsCampaign) -> None:
    """Start a campaign that withdraws old invitations; the site is read first."""
    campaign_id = request.campaign_id or uuid4()
    options = InvitationsOptions.model_validate(
        request.model_dump(include=set(InvitationsOptions.model_fields))
    )
    with services().database.transaction() as session:
        reading = start_invitations_campaign(
            session, account=request.account, campaign_id=campaign_id, options=options
        )
    if reading:
        publish_task(INVITATIONS_READ, campaign_id=str(campaign_id))


@app.task(name=INVITATIONS_READ, pydantic=True, pydantic_strict=False)
def read(ref: CampaignRef) -> None:
    """Read the sent invitations of the campaign's account and plan."""
    read_invitations(services(), ref.campaign_id)
    dispatch_due(services())


@app.task(name=INVITATIONS_WITHDRAW, pydantic=True, pydantic_strict=False)
def withdraw(ref: ActionRef) -> None:
    """Withdraw one invitation."""
    perform_action(services(), ref.action_id)
    dispatch_due(services())  # the account is free again: what waits for it needn't wait for a tick
