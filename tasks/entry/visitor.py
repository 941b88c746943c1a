"""Visitor campaigns: the task functions."""

from tasks.actions.dispatch import dispatch_due
from tasks.campaigns.requests import start_requested_campaign
from tasks.contract import VISITOR_CAMPAIGN, VISITOR_VISIT, ActionRef, VisitorCampaign
from tasks.entry.in_turn import perform_and_dispatch_next
from tasks.services import get_services
from worker.app import app


@app.task(name=VISITOR_CAMPAIGN, pydantic=True, pydantic_strict=False)
def start_campaign(request: VisitorCampaign) -> None:
    """Start a visitor campaign: plan its visits, or the first page of its search, and dispatch."""
    start_requested_campaign(get_services(), request)
    dispatch_due(get_services())


@app.task(name=VISITOR_VISIT, pydantic=True, pydantic_strict=False)
def visit(ref: ActionRef) -> None:
    """Open one profile."""
    perform_and_dispatch_next(get_services(), ref.action_id)
