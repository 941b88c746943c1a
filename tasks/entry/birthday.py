"""Birthday campaigns: the task functions."""

from tasks.actions.dispatch import dispatch_due
from tasks.actions.read_inbox import read_replies
from tasks.campaigns.plan_birthdays import read_birthdays
from tasks.campaigns.requests import start_requested_campaign
from tasks.contract import (
    BIRTHDAY_CAMPAIGN,
    BIRTHDAY_GREET,
    BIRTHDAY_READ,
    BIRTHDAY_REPLIES,
    AccountRef,
    ActionRef,
    BirthdayCampaign,
    CampaignRef,
)
from tasks.entry.in_turn import perform_and_dispatch_next
from tasks.services import get_services
from worker.app import app


@app.task(name=BIRTHDAY_CAMPAIGN, pydantic=True, pydantic_strict=False)
def start_campaign(request: BirthdayCampaign) -> None:
    """Start a birthday campaign: read the site if asked to, plan, dispatch."""
    start_requested_campaign(get_services(), request)
    dispatch_due(get_services())


@app.task(name=BIRTHDAY_READ, pydantic=True, pydantic_strict=False)
def read_list(ref: CampaignRef) -> None:
    """Read the birthdays page of the campaign's account and plan."""
    read_birthdays(get_services(), ref.campaign_id)
    dispatch_due(get_services())


@app.task(name=BIRTHDAY_GREET, pydantic=True, pydantic_strict=False)
def greet(ref: ActionRef) -> None:
    """Carry out one greeting."""
    perform_and_dispatch_next(get_services(), ref.action_id)


@app.task(name=BIRTHDAY_REPLIES, pydantic=True, pydantic_strict=False)
def read_inbox(ref: AccountRef) -> None:
    """Read the account's inbox and mark the answered greetings."""
    read_replies(get_services(), ref.account)
    dispatch_due(get_services())  # while the inbox was read, the account's actions waited
