"""Sourcing campaigns: the task functions. The profiles that they open are visits (tasks/entry/visitor.py)."""

from tasks.actions.dispatch import dispatch_due
from tasks.campaigns.requests import start_requested_campaign
from tasks.contract import SOURCING_CAMPAIGN, SOURCING_COLLECT, ActionRef, SourcingCampaign
from tasks.entry.in_turn import perform_and_dispatch_next
from tasks.services import get_services
from worker.app import app


@app.task(name=SOURCING_CAMPAIGN, pydantic=True, pydantic_strict=False)
def start_campaign(request: SourcingCampaign) -> None:
    """Start a sourcing campaign: plan the first page of its search, and dispatch."""
    start_requested_campaign(get_services(), request)
    dispatch_due(get_services())


@app.task(name=SOURCING_COLLECT, pydantic=True, pydantic_strict=False)
def collect(ref: ActionRef) -> None:
    """Read one page of search results."""
    perform_and_dispatch_next(get_services(), ref.action_id)
