"""A person, as HTTP and the command line show them."""

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field

from worker.rules.model import ContactStatus


class ContactOut(BaseModel):
    """One person as an account knows them. Unknown fields are empty or null."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "id": 17, "account": "ann",
                    "profile_url": "https://www.linkedin.com/in/zoe-lindqvist/", "member_url": None,
                    "name": "Zoë Lindqvist", "headline": "Engineer", "location": "Göteborg",
                    "company": "Volvo", "status": "connected", "score": None, "open_to_work": None,
                    "degree": 1, "do_not_contact": False, "last_greeted_on": "2025-12-03",
                    "visited_at": None, "read_at": None,
                }
            ]
        },
    )  # fmt: skip

    id: int
    account: str
    profile_url: str
    member_url: str | None = Field(description="The address by member id, case-sensitive, if it is known.")
    name: str
    headline: str
    location: str
    company: str
    status: ContactStatus
    score: int | None = Field(description="0 to 100, from the latest scoring.")
    open_to_work: bool | None
    degree: int | None = Field(description="1 for a connection.")
    do_not_contact: bool
    last_greeted_on: date | None
    visited_at: datetime | None = Field(description="When the profile was last opened.")
    read_at: datetime | None = Field(description="When the stored profile was read.")
