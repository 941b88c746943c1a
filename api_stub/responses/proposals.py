"""A proposal: a greeting that waits for a person's approval, with the facts for the decision."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


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

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    account: str
    campaign_id: UUID
    kind: str
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
