"""Sourcing campaigns: the task functions. The profiles that they open are visits (tasks/entry/visitor.py)."""

from uuid import uuid4

from tasks.actions.dispatch import dispatch_due
from tasks.actions.perform import perform_action
from tasks.campaigns.plan_searches import start_sourcing_campaign
from tasks.contract import SOURCING_CAMPAIGN, SOURCING_COLLECT, ActionRef, SourcingCampaign, SourcingOptions
from tasks.services import services
from worker.app import app


@app.task(name=SOURCING_CAMPAIGN, pydantic=True, pydantic_strict=False)
def campaign(request: SourcingCampaign) -> None:
    """Start a sourcing campaign: plan the first page of its search, and dispatch."""
    options = SourcingOptions.model_validate(request.model_dump(include=set(SourcingOptions.model_fields)))
    campaign_id = request.campaign_id or uuid4()
    with services().database.transaction() as session:
        start_sourcing_campaign(session, account=request.account, campaign_id=campaign_id, options=options)
    dispatch_due(services())


@app.task(name=SOURCING_COLLECT, pydantic=True, pydantic_strict=False)
def collect(ref: ActionRef) -> None:
    """Read one page of people found."""
    perform_action(services(), ref.action_id)
    dispatch_due(services())  # the account is free again, and the page has planned what follows
