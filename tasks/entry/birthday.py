"""Birthday campaigns: the task functions."""

from uuid import uuid4

from tasks.actions.dispatch import dispatch_due
from tasks.actions.perform import perform_action
from tasks.actions.read_inbox import read_replies
from tasks.campaigns.plan_birthdays import read_birthdays, start_birthday_campaign
from tasks.contract import (
    BIRTHDAY_CAMPAIGN,
    BIRTHDAY_GREET,
    BIRTHDAY_READ,
    BIRTHDAY_REPLIES,
    AccountRef,
    ActionRef,
    BirthdayCampaign,
    BirthdayOptions,
    CampaignRef,
)
from tasks.publish import publish_task
from tasks.services import services
from worker.app import app


@app.task(name=BIRTHDAY_CAMPAIGN, pydantic=True, pydantic_strict=False)
def campaign(request: BirthdayCampaign) -> None:
    """Start a birthday campaign: read the site if asked to, plan, dispatch."""
    campaign_id = request.campaign_id or uuid4()
    options = BirthdayOptions.model_validate(request.model_dump(include=set(BirthdayOptions.model_fields)))
    with services().database.transaction() as session:
        reading = start_birthday_campaign(
            session, account=request.account, campaign_id=campaign_id, options=options
        )
    if reading:
        publish_task(BIRTHDAY_READ, campaign_id=str(campaign_id))
    else:
        dispatch_due(services())


@app.task(name=BIRTHDAY_READ, pydantic=True, pydantic_strict=False)
def read(ref: CampaignRef) -> None:
    """Read the birthdays page of the campaign's account and plan."""
    read_birthdays(services(), ref.campaign_id)
    dispatch_due(services())


@app.task(name=BIRTHDAY_GREET, pydantic=True, pydantic_strict=False)
def greet(ref: ActionRef) -> None:
    """Carry out one greeting."""
    perform_action(services(), ref.action_id)
    dispatch_due(services())  # the account is free again: what waits for it needn't wait for a tick


@app.task(name=BIRTHDAY_REPLIES, pydantic=True, pydantic_strict=False)
def replies(ref: AccountRef) -> None:
    """Read the account's inbox and mark who has answered."""
    read_replies(services(), ref.account)
    dispatch_due(services())  # while the inbox was read, the account's actions waited
