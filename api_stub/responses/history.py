"""Bodies of the routes for actions, interactions and summaries."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from db.store.people.holds import AwayPerson
from db.store.reports.birthday_forecast import OutlookCounts
from worker.rules.halts import Halt
from worker.rules.summary import Summary


class ActionOut(BaseModel):
    """One action: its state, the reason, and the time before which it waits."""

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
    message: str = Field(description="The text to be sent; the text that was sent is in the interaction.")
    replied_at: datetime | None = Field(description="When the person wrote back.")
    correlation_id: str
    created_at: datetime


class ActionPage(BaseModel):
    """Newest first. Pass `next_before` as `before` for the next page; it is null at the end."""

    items: list[ActionOut]
    next_before: UUID | None


class InteractionOut(BaseModel):
    """One interaction."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    account: str
    contact: str
    profile_url: str
    action_id: UUID | None = Field(description="Null if it was imported or only seen in the thread.")
    type: str
    status: str
    occasion: str
    message: str
    replied_at: datetime | None = Field(description="When the person wrote back.")
    reply: str | None = Field(description="The reply, if the campaign stores replies.")
    automatic_at: datetime | None = Field(description="When an automatic answer came, which is no reply.")
    screenshot: str | None
    correlation_id: str
    created_at: datetime


class InteractionPage(BaseModel):
    """Newest first. Pass `next_before` as `before` for the next page; it is null at the end."""

    items: list[InteractionOut]
    next_before: int | None


class HappenedOut(BaseModel):
    """What has ended."""

    model_config = ConfigDict(from_attributes=True)

    sent: int = Field(description="Greetings that were sent.")
    late: int = Field(description="Of these, after the birthday itself.")
    replies: int = Field(description="Greetings that were answered.")
    settled_by_hand: int = Field(description="Settled by a person who saw them in the thread.")
    skipped: dict[str, int] = Field(description="By reason.")
    failed: dict[str, int] = Field(description="By reason.")
    visits: int = Field(description="Profiles that were opened.")
    pages: int = Field(description="Search result pages that were read.")
    withdrawn: int = Field(description="Invitations that were withdrawn.")


class OpenOut(BaseModel):
    """What has not ended."""

    model_config = ConfigDict(from_attributes=True)

    due: int = Field(description="Waits only for an open gate.")
    under_way: int
    uncertain: int = Field(description="May have been sent; a worker will check.")
    proposed: int = Field(description="Waits for a person's approval.")
    needs_review: int = Field(description="Waits for a person to settle it.")
    waiting: dict[str, int] = Field(description="By reason.")
    names_differ: int = Field(0, description="Of `proposed`: the site shows another name than the text had.")


class GreetingsLeftOut(BaseModel):
    """The quota for greetings at that time."""

    model_config = ConfigDict(from_attributes=True)

    used_day: int
    left_day: int
    used_week: int
    left_week: int


class OutlookOut(BaseModel):
    """The planned greetings by when they go out, as `/data/forecast` says."""

    model_config = ConfigDict(from_attributes=True)

    today: int
    later: int
    too_late: int = Field(description="Their last day will have passed.")


class AwayOut(BaseModel):
    """A person whose automatic answer names a return date, and who is not on hold until then."""

    model_config = ConfigDict(from_attributes=True)

    full_name: str
    profile_url: str
    until: date


class SummaryOut(BaseModel):
    """One day of an account. What was not recorded at the end of a past day is null."""

    model_config = ConfigDict(from_attributes=True)

    account: str
    on: date
    time_zone: str
    as_of: datetime
    happened: HappenedOut
    greeted: int = Field(description="Greetings in the 30 days up to the end of the day.")
    answered: int = Field(description="Of these, answered so far.")
    reply_share: float | None
    open: OpenOut | None
    quota: GreetingsLeftOut | None
    birthdays_next_day: int | None
    stopped_by: str | None = Field(None, description="What stops the account now; null for a past day.")
    outlook: OutlookOut | None = Field(None, description="Null for a past day.")
    away: list[AwayOut] = Field([], description="Who is away, soonest back first; empty for a past day.")


def build_summary_answer(
    day: Summary, halted: Sequence[Halt], outlook: OutlookCounts | None, away: Sequence[AwayPerson]
) -> SummaryOut:
    """Build the answer; `halted` and `away` are empty and `outlook` None for a past day."""
    answer = SummaryOut.model_validate(day)
    answer.stopped_by = halted[0].code if halted else None
    answer.outlook = OutlookOut.model_validate(outlook) if outlook else None
    answer.away = [AwayOut.model_validate(person) for person in away]
    return answer
