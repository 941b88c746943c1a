"""Visitor campaigns: the task functions."""

from uuid import uuid4

from tasks.actions.dispatch import dispatch_due
from tasks.actions.perform import perform_action
from tasks.campaigns.plan_visits import start_visitor_campaign
from tasks.contract import VISITOR_CAMPAIGN, VISITOR_VISIT, ActionRef, VisitorCampaign, VisitorOptions
from tasks.services import services
from worker.app import app


@app.task(name=VISITOR_CAMPAIGN, pydantic=True, pydantic_strict=False)
def campaign(request: VisitorCampaign) -> None:
    """Start a visitor campaign: plan its visits, or the first page of its search, and dispatch."""
    options = VisitorOptions.model_validate(request.model_dump(include=set(VisitorOptions.model_fields)))
    campaign_id = request.campaign_id or uuid4()
    with services().database.transaction() as session:
        start_visitor_campaign(session, account=request.account, campaign_id=campaign_id, options=options)
    dispatch_due(services())


@app.task(name=VISITOR_VISIT, pydantic=True, pydantic_strict=False)
def visit(ref: ActionRef) -> None:
    """Open one profile."""
    perform_action(services(), ref.action_id)
    dispatch_due(services())  # the account is free again: what waits for it needn't wait for a tick
