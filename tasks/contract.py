"""Task names and payloads: the only part of `tasks` that the front door imports.

A task is called by its name with JSON keyword arguments; they are the fields of its model. Anything else is
refused with a message that names the field, and nothing is planned.
"""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

BIRTHDAY_CAMPAIGN = "tasks.birthday.campaign"
BIRTHDAY_READ = "tasks.birthday.read"
BIRTHDAY_GREET = "tasks.birthday.greet"
BIRTHDAY_REPLIES = "tasks.birthday.replies"
DISPATCH = "tasks.dispatch"
RECOVER = "tasks.recover"
UPKEEP_SCHEDULES = "tasks.upkeep.schedules"
UPKEEP_EVIDENCE = "tasks.upkeep.evidence"
UPKEEP_EXPIRY = "tasks.upkeep.expiry"
UPKEEP_QUOTA = "tasks.upkeep.quota"
UPKEEP_REPLIES = "tasks.upkeep.replies"
UPKEEP_SUMMARIES = "tasks.upkeep.summaries"

CORRELATION_HEADER = "rapport_correlation"
"""Message header that carries the correlation id from the caller into the worker's log lines and rows."""

AccountName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$", description="The account's name.")]


class Payload(BaseModel):
    """Base of all payloads: a field that nobody knows is an error, not a shrug."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class BirthdayOptions(Payload):
    """What a birthday campaign is to do; kept with the campaign as it was asked for."""

    late_days: int = Field(3, ge=0, le=10, description="Also greet birthdays of so many days ago.")
    dry_run: bool = Field(False, description="Only say what would be sent; plan and send nothing.")
    read_site: bool = Field(True, description="Read the site's birthdays page before planning.")
    approval: bool = Field(False, description="Let each greeting wait until a person has approved it.")
    fallback_language: Annotated[str, Field(pattern=r"^[a-z]{2}$")] = Field(
        "en", description="Language (ISO 639-1) for contacts of whom none is known, or that has no template."
    )
    keep_replies: bool = Field(False, description="Also store what people answer, not only that they did.")


class BirthdayCampaign(BirthdayOptions):
    """Arguments of tasks.birthday.campaign."""

    account: AccountName
    campaign_id: UUID | None = Field(
        None, description="Chosen by the caller, it makes asking twice harmless."
    )


class CampaignRef(Payload):
    """Arguments of a task that goes on with a campaign."""

    campaign_id: UUID


class ActionRef(Payload):
    """Arguments of a task that carries out one action."""

    action_id: UUID


class AccountRef(Payload):
    """Arguments of a task that does something for a whole account."""

    account: AccountName


class Tick(Payload):
    """A task that needs no arguments."""
