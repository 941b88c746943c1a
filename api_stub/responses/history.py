"""Bodies of the routes for actions, interactions and summaries."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from db.store.people.holds import AwayPerson
from db.store.reports.forecasts.birthday_forecast import OutlookCounts
from worker.errors import Reason
from worker.rules.halts import Halt
from worker.rules.model import ActionState
from worker.rules.reports.summary import Summary

_ACTION: Final[JsonDict] = {
    "id": "7c1f9a04-3d0e-4c63-9a30-5b7d1c2e8f11",
    "account": "demo",
    "campaign_id": "1f3a6c7e-0b6e-4f0f-9a51-2a4f7c1f9b10",
    "kind": "greet",
    "contact_id": 42,
    "contact": "Zoé Lefèvre",
    "profile_url": "https://sandbox.test/in/zoe-lefevre/",
    "occasion": "birthday:2026",
    "occasion_on": "2026-11-02",
    "state": "done",
    "reason": "settled_by_hand",
    "detail": "a person checked the thread",
    "not_before": "2026-11-02T08:03:00Z",
    "attempt": 1,
    "failures": 0,
    "looks": 2,
    "message": "Bon anniversaire, Zoé !",
    "replied_at": "2026-11-02T09:12:00Z",
    "correlation_id": "5f1c0d5e8f0b4a7d",
    "created_at": "2026-11-02T08:00:00Z",
}
_INTERACTION: Final[JsonDict] = {
    "id": 1007,
    "account": "demo",
    "contact_id": 42,
    "contact": "Zoé Lefèvre",
    "profile_url": "https://sandbox.test/in/zoe-lefevre/",
    "action_id": "7c1f9a04-3d0e-4c63-9a30-5b7d1c2e8f11",
    "type": "greet",
    "status": "sent",
    "occasion": "birthday:2026",
    "message": "Bon anniversaire, Zoé !",
    "replied_at": "2026-11-02T09:12:00Z",
    "reply": "Merci !",
    "automatic_at": "2026-11-02T08:04:00Z",
    "screenshot": ".rapport/evidence/2026-11-02/1-zoe-lefevre-greet-1.png",
    "correlation_id": "5f1c0d5e8f0b4a7d",
    "created_at": "2026-11-02T08:03:07Z",
}
HAPPENED_EXAMPLE: Final[JsonDict] = {
    "sent": 4, "late": 1, "replies": 2, "settled_by_hand": 0, "skipped": {"no_name": 1}, "failed": {},
    "visits": 0, "pages": 0, "withdrawn": 0,
}  # fmt: skip
OPEN_EXAMPLE: Final[JsonDict] = {
    "due": 1, "under_way": 1, "uncertain": 0, "proposed": 3, "needs_review": 0, "waiting": {"gap": 2},
    "names_differ": 0,
}  # fmt: skip


class ActionOut(BaseModel):
    """One action: its state, the reason, and the time before which it waits."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_ACTION]})

    id: UUID
    account: str
    campaign_id: UUID
    kind: str
    contact_id: int | None = Field(description="Null for a page of search results.")
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


class ActionDetailOut(ActionOut):
    """One action with the text that was proven in the thread, and the person's answer."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={"examples": [{**_ACTION, "sent": "Bon anniversaire, Zoé !", "reply": "Merci !"}]},
    )

    sent: str | None = Field(description="The text proven in the thread; null if nothing was proven.")
    reply: str | None = Field(description="The reply, if the campaign stores replies.")


class EventOut(BaseModel):
    """One state change of an action: from which state to which, why, and by whom."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "seq": 311,
                    "at": "2026-11-02T08:03:01Z",
                    "from_state": "claimed",
                    "to_state": "planned",
                    "reason": "gap",
                    "attempt": 1,
                    "actor": "rapport worker",
                    "correlation_id": "5f1c0d5e8f0b4a7d",
                }
            ]
        },
    )

    seq: int = Field(description="Its number in the account's audit log.")
    at: datetime
    from_state: ActionState | None = Field(description="Null for the first one.")
    to_state: ActionState
    reason: Reason | None
    attempt: int
    actor: str
    correlation_id: str


class ActionPage(BaseModel):
    """Newest first. Pass `next_before` as `before` for the next page; it is null at the end."""

    items: list[ActionOut]
    next_before: UUID | None


class InteractionOut(BaseModel):
    """One interaction."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_INTERACTION]})

    id: int
    account: str
    contact_id: int
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

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [HAPPENED_EXAMPLE]})

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

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [OPEN_EXAMPLE]})

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

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "account": "ann",
                    "on": "2026-11-28",
                    "time_zone": "Europe/Paris",
                    "as_of": "2026-11-29T09:00:00Z",
                    "happened": {
                        "sent": 9,
                        "late": 1,
                        "replies": 3,
                        "settled_by_hand": 0,
                        "skipped": {"on_hold": 1},
                        "failed": {},
                        "visits": 0,
                        "pages": 0,
                        "withdrawn": 0,
                    },
                    "greeted": 120,
                    "answered": 48,
                    "reply_share": 0.4,
                    "open": None,
                    "quota": None,
                    "birthdays_next_day": 6,
                    "stopped_by": None,
                    "outlook": None,
                    "away": [],
                }
            ]
        },
    )

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
