"""A proposal: a greeting that waits for a person's approval, with the facts for the decision."""

from datetime import date, datetime
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

_PROPOSAL: Final[JsonDict] = {
    "id": "7c1f9a04-3d0e-4c63-9a30-5b7d1c2e8f11",
    "account": "demo",
    "campaign_id": "1f3a6c7e-0b6e-4f0f-9a51-2a4f7c1f9b10",
    "kind": "greet",
    "contact_id": 42,
    "contact": "Zoé Lefèvre",
    "profile_url": "https://sandbox.test/in/zoe-lefevre/",
    "headline": "Architect",
    "company": "Atelier Nord",
    "language": "fr",
    "do_not_contact": False,
    "occasion_on": "2026-11-02",
    "days_late": 0,
    "message": "Bon anniversaire, Zoé !",
    "worded_for": "2026-11-02",
    "expires_on": "2026-11-05",
    "last_contact": {"at": "2025-11-02T08:04:00Z", "kind": "greet"},
    "past_texts": [{"at": "2025-11-02T08:04:00Z", "message": "Joyeux anniversaire, Zoé !"}],
    "seen": "5d1c3f1d7a2b9f60c2a4e0f3b8d97c61e5a0f4b2c8d71e93a6f05b4c2d8e1f70",
}


class PastTextOut(BaseModel):
    """A text that the account sent to the person."""

    model_config = ConfigDict(from_attributes=True)

    at: datetime
    message: str


class LastContactOut(BaseModel):
    """The last contact between the account and the person."""

    model_config = ConfigDict(from_attributes=True)

    at: datetime
    kind: str | None = Field(description="What the account did; null: the person wrote.")


class ProposalOut(BaseModel):
    """One proposed action, with the facts for the decision."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_PROPOSAL]})

    id: UUID
    account: str
    campaign_id: UUID
    kind: str
    contact_id: int
    contact: str
    profile_url: str
    headline: str | None
    company: str | None
    language: str | None
    do_not_contact: bool = Field(description="If true, it can't be approved.")
    occasion_on: date
    days_late: int
    message: str
    worded_for: date | None = Field(description="The sending day that the text was written for; null: any.")
    expires_on: date | None = Field(description="The last day on which it is sent.")
    last_contact: LastContactOut | None
    past_texts: list[PastTextOut] = Field(description="The last three, newest first.")
    seen: str = Field(description="Pass it as `seen`: the approval is bound to this recipient and text.")
