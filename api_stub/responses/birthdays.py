"""Birthdays as HTTP and the command line write them."""

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from worker.errors import Reason
from worker.rules.model import ActionState

BirthdayText = Annotated[
    str, Field(description="As 1980-03-14, or --03-14 without a year (ISO 8601:2000, vCard).")
]


def format_birthday(year: int | None, month: int, day: int) -> str:
    """Return a birthday as exports have it: 1980-03-14, or --03-14 without a year."""
    return f"{f'{year:04}' if year else '-'}-{month:02}-{day:02}"


class UpcomingBirthdayOut(BaseModel):
    """One birthday of the coming days, and what becomes of a greeting for it."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "on": "2026-12-03", "days": 4, "account": "ann", "contact_id": 17,
                    "full_name": "Zoë Lindqvist", "profile_url": "https://www.linkedin.com/in/zoe-lindqvist/",
                    "turns": 41, "call_by": "Zoë", "planned_as": "planned",
                    "greeting_at": "2026-12-03T08:10:00Z", "left_out": None,
                }
            ]
        },
    )  # fmt: skip

    on: date
    days: int = Field(description="How many days from today.")
    account: str
    contact_id: int
    full_name: str
    profile_url: str
    turns: int | None = Field(description="The age; null without a year of birth.")
    call_by: str | None = Field(description="What the greeting calls the person; null: no name is certain.")
    planned_as: ActionState | None
    greeting_at: datetime | None = Field(description="When a greeting would be sent, by the forecast.")
    left_out: Reason | None = Field(description="Why there is none.")
