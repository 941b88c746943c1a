"""All that is known about one person, as HTTP shows it."""

from collections.abc import Iterator
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from api_stub.responses.birthdays import BirthdayText, format_birthday
from db.store.people.lookup import ContactRecord
from db.store.reports.contacts.contact_details import ContactDetails
from db.store.reports.contacts.contact_history import Happened
from worker.errors import Reason
from worker.rules.model import ActionState, CampaignKind, ContactStatus, Kind
from worker.rules.sourcing.profile import Profile


class SetByHand(StrEnum):
    """The values that a person can set."""

    BIRTHDAY = "birthday"
    CALL_BY = "call_by"
    LANGUAGE = "language"


class SignedOut(BaseModel):
    """Who set a value by hand, and when."""

    by: str
    at: datetime


class ScoreReasonOut(BaseModel):
    """The points that one criterion gave or cost."""

    model_config = ConfigDict(from_attributes=True)

    points: int
    text: str


class CampaignScoreOut(BaseModel):
    """The person's score in one campaign; the points of the reasons add up to it."""

    model_config = ConfigDict(from_attributes=True)

    campaign_id: UUID
    kind: CampaignKind
    page: int
    score: int | None
    reasons: list[ScoreReasonOut]
    scored_at: datetime | None


class OpenActionOut(BaseModel):
    """One action that has not ended."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    kind: Kind
    occasion: str
    state: ActionState
    reason: Reason | None
    detail: str | None
    not_before: datetime


class LeftOutOut(BaseModel):
    """One action that ended without an effect, and why."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    kind: Kind
    occasion: str
    state: ActionState
    reason: Reason | None
    detail: str | None
    at: datetime


class ContactDetailsOut(BaseModel):
    """One person as an account knows them. What happened with them is the contact's history."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": 17, "account": "ann",
                    "profile_url": "https://www.linkedin.com/in/zoe-lindqvist/", "member_url": None,
                    "name": "Zoë Lindqvist", "email": None, "language": "sv", "birthday": "--12-03",
                    "call_by": "Zoë", "by_hand": {"call_by": {"by": "crm", "at": "2026-11-20T10:00:00Z"}},
                    "status": "connected", "score": None, "do_not_contact": False,
                    "hold_until": "2027-01-07", "hold_reason": "on parental leave", "hold_by": "crm",
                    "away_until": None, "replied_at": None, "connected_on": "2024-02-01",
                    "known_since": "2026-01-05T09:00:00Z", "facts": {"headline": "Engineer"},
                    "profile": None, "profile_read_at": None, "scores": [], "open_actions": [],
                    "left_out": [],
                }
            ]
        }
    )  # fmt: skip

    id: int
    account: str
    profile_url: str
    member_url: str | None = Field(description="The address by member id, case-sensitive, if it is known.")
    name: str
    email: str | None
    language: str | None
    birthday: BirthdayText | None
    call_by: str | None = Field(description="What greetings call the person; null: by the display name.")
    by_hand: dict[SetByHand, SignedOut] = Field(description="The values that a person set, by whom and when.")
    status: ContactStatus
    score: int | None
    do_not_contact: bool
    hold_until: date | None = Field(description="The first day on which the person may be reached again.")
    hold_reason: str | None
    hold_by: str | None
    away_until: date | None = Field(description="The return date that an automatic answer named.")
    replied_at: datetime | None
    connected_on: date | None
    known_since: datetime
    facts: dict[str, JsonValue] = Field(description="What lists and search pages showed.")
    profile: Profile | None = Field(description="The profile as last read.")
    profile_read_at: datetime | None
    scores: list[CampaignScoreOut]
    open_actions: list[OpenActionOut]
    left_out: list[LeftOutOut] = Field(description="The latest actions that ended without an effect.")


class HistoryEntryOut(BaseModel):
    """One thing that happened with a person. Which fields are known depends on `what`."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "at": "2026-12-03T08:11:05Z", "what": "interaction", "kind": "greet", "status": "sent",
                    "occasion": "birthday:2026", "occasion_on": "2026-12-03",
                    "body": "Happy birthday, Zoë!", "reason": None, "detail": None, "by": None,
                    "action_id": "0193a1f2-7d1e-7c3a-9d55-0c1f7f1a2b3c",
                }
            ]
        },
    )  # fmt: skip

    at: datetime
    what: Happened
    kind: str | None
    status: str | None
    occasion: str | None
    occasion_on: date | None
    body: str = Field(description="The text that was sent or answered, or the names of changed values.")
    reason: Reason | None
    detail: str | None
    by: str | None
    action_id: UUID | None


def build_contact_details(person: ContactRecord, found: ContactDetails) -> ContactDetailsOut:
    """Build the answer about a contact."""
    stored = found.stored_profile
    return ContactDetailsOut(
        id=person.id,
        account=found.account,
        profile_url=found.profile_url,
        member_url=person.member_url,
        name=found.name,
        email=found.email,
        language=found.language,
        birthday=format_birthday(*found.birthday) if found.birthday else None,
        call_by=found.call_by,
        by_hand=dict(_list_signed(found)),
        status=found.status,
        score=found.score,
        do_not_contact=found.do_not_contact,
        hold_until=found.hold_until,
        hold_reason=found.hold_reason,
        hold_by=found.hold_by,
        away_until=found.away_until,
        replied_at=found.replied_at,
        connected_on=found.connected_on,
        known_since=found.known_since,
        facts=dict(found.facts),
        profile=stored.profile if stored else None,
        profile_read_at=stored.read_at if stored else None,
        scores=[CampaignScoreOut.model_validate(score) for score in found.scores],
        open_actions=[OpenActionOut.model_validate(action) for action in found.open_actions],
        left_out=[LeftOutOut.model_validate(action) for action in found.left_out],
    )


def _list_signed(found: ContactDetails) -> Iterator[tuple[SetByHand, SignedOut]]:
    """Yield who set which value by hand, as contacts.by_hand has it."""
    keys = {SetByHand.BIRTHDAY: "birthday", SetByHand.CALL_BY: "call_by", SetByHand.LANGUAGE: "language_by"}
    for value, key in keys.items():
        if signed := found.by_hand.get(key):
            yield value, SignedOut(by=signed["by"], at=signed["at"])
