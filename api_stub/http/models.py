"""What goes over HTTP, in and out."""

from datetime import date, datetime
from typing import Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from worker.rules.model import SearchEnd

CheckName: TypeAlias = Literal["postgres", "schema", "redis", "workers"]


class Problem(BaseModel):
    """An error as RFC 9457 has it."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str


class Accepted(BaseModel):
    """A campaign was asked for; where to follow it."""

    campaign_id: UUID
    correlation_id: str
    dry_run: bool


class Health(BaseModel):
    """This process answers."""

    status: Literal["ok"]


class Check(BaseModel):
    """One thing that readiness asks."""

    ok: bool
    detail: str


class Readiness(BaseModel):
    """Whether work would be done if it came now."""

    ready: bool
    checks: dict[CheckName, Check] | None = Field(None, description="Only for whoever has the key.")


class CampaignOut(BaseModel):
    """One campaign, its options as asked for, and how far it is."""

    id: UUID
    account: str
    kind: str
    state: str
    reason: str | None
    detail: str | None
    options: dict[str, JsonValue]
    actions: dict[str, int] = Field(description="How many actions are in which state.")
    preview: list[dict[str, str]] | None = Field(None, description="What a dry run would do, and to whom.")
    pages: int | None = Field(description="Pages of people found that were read; null without a search.")
    found: int | None = Field(description="People found by then.")
    ended: SearchEnd | None = Field(description="Why no further page is read; null while there may be one.")
    correlation_id: str
    created_at: datetime


class CampaignLineOut(BaseModel):
    """One campaign of the list."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    account: str
    kind: str
    state: str
    reason: str | None
    detail: str | None
    options: dict[str, JsonValue]
    actions: dict[str, int] = Field(description="How many actions are in which state.")
    correlation_id: str
    created_at: datetime


class CampaignPage(BaseModel):
    """Newest first; `next_before` goes into `before` for the following page, null at the end."""

    items: list[CampaignLineOut]
    next_before: UUID | None


class CampaignChanged(BaseModel):
    """A campaign's state after it was paused, resumed or cancelled."""

    id: UUID
    state: str
    dropped: int = Field(description="How many planned actions the change skipped.")


class KillSwitchOut(BaseModel):
    """The kill switch as it is now. Pulled twice, the first counts."""

    on: bool
    pulled_at: datetime | None = None
    pulled_by: str | None = None


class ActionOut(BaseModel):
    """One action: where it is, why, and until when it waits."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    account: str
    campaign_id: UUID
    kind: str
    contact: str
    profile_url: str
    occasion: str
    occasion_on: date
    state: str
    reason: str | None
    detail: str | None
    not_before: datetime
    attempt: int
    failures: int
    looks: int
    message: str = Field(description="What is to be sent; what was proven is the interaction's.")
    replied_at: datetime | None = Field(description="When the person wrote back.")
    correlation_id: str
    created_at: datetime


class ActionPage(BaseModel):
    """Newest first; `next_before` goes into `before` for the following page, null at the end."""

    items: list[ActionOut]
    next_before: UUID | None


class InteractionOut(BaseModel):
    """One thing that happened."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    account: str
    contact: str
    profile_url: str
    action_id: UUID | None = Field(description="Null for what was imported or seen in the thread.")
    type: str
    status: str
    occasion: str
    message: str
    replied_at: datetime | None = Field(description="When the person wrote back.")
    reply: str | None = Field(description="What they wrote, where the campaign was asked to keep it.")
    screenshot: str | None
    correlation_id: str
    created_at: datetime


class InteractionPage(BaseModel):
    """Newest first; `next_before` goes into `before` for the following page, null at the end."""

    items: list[InteractionOut]
    next_before: int | None


class HappenedOut(BaseModel):
    """What is over."""

    model_config = ConfigDict(from_attributes=True)

    sent: int = Field(description="Greetings that went out.")
    late: int = Field(description="Of these, after the birthday itself.")
    replies: int = Field(description="Greetings that were answered.")
    settled_by_hand: int = Field(description="Seen in the thread by a person, who said so.")
    skipped: dict[str, int] = Field(description="By reason.")
    failed: dict[str, int] = Field(description="By reason.")
    visits: int = Field(description="Profiles that were opened.")
    pages: int = Field(description="Pages of people found that were read.")
    withdrawn: int = Field(description="Invitations that were withdrawn.")


class OpenOut(BaseModel):
    """What is not over."""

    model_config = ConfigDict(from_attributes=True)

    due: int = Field(description="Waits for nothing but its turn.")
    under_way: int
    uncertain: int = Field(description="May have been sent; a worker looks.")
    proposed: int = Field(description="Waits for a person's approval.")
    needs_review: int = Field(description="Waits for a person to settle it.")
    waiting: dict[str, int] = Field(description="By reason.")


class GreetingsLeftOut(BaseModel):
    """The quota for greetings, at that moment."""

    model_config = ConfigDict(from_attributes=True)

    used_day: int
    left_day: int
    used_week: int
    left_week: int


class SummaryOut(BaseModel):
    """One day of an account. What stood open at the end of a day is null where nobody looked then."""

    model_config = ConfigDict(from_attributes=True)

    account: str
    on: date
    time_zone: str
    as_of: datetime
    happened: HappenedOut
    greeted: int = Field(description="Greetings of the 30 days up to the day's end.")
    answered: int = Field(description="Of these, answered by now.")
    reply_share: float | None
    open: OpenOut | None
    quota: GreetingsLeftOut | None
    birthdays_next_day: int | None
