"""What a person is asked about contacts: whose a birthday is, and who a contact is."""

from pydantic import BaseModel, ConfigDict, Field

from worker.errors import Reason


class BirthdayDoubtOut(BaseModel):
    """A birthday of an import's entry, and a contact who may be meant, or one of the days that it may be."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "id": 8, "import_id": 4, "file_name": "birthdays.ics", "line": 31, "account": "ann",
                    "name": "Zoe L", "month": 12, "day": 3, "year": None, "contact_id": 17,
                    "contact": "Zoë Lindqvist",
                    "profile_url": "https://www.linkedin.com/in/zoe-lindqvist/", "headline": "Engineer",
                    "company": "Volvo", "is_unique": False, "day_uncertain": False,
                }
            ]
        },
    )  # fmt: skip

    id: int
    import_id: int
    file_name: str
    line: int
    account: str
    name: str = Field(description="The name in the file.")
    month: int
    day: int
    year: int | None
    contact_id: int
    contact: str = Field(description="The contact's name.")
    profile_url: str
    headline: str
    company: str
    is_unique: bool = Field(
        description="The day is certain, and this is the only contact with the entry's whole name."
    )
    day_uncertain: bool = Field(description="The file leaves the day open.")


class IdentityDoubtOut(BaseModel):
    """A contact, and why it is uncertain who it is."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "account": "ann", "contact_id": 17, "name": "Zoë Lindqvist",
                    "profile_url": "https://www.linkedin.com/in/zoe-lindqvist/", "other_id": 23,
                    "other_url": "https://www.linkedin.com/in/zoe-l/", "reason": "maybe_same_person",
                }
            ]
        },
    )  # fmt: skip

    account: str
    contact_id: int
    name: str
    profile_url: str
    other_id: int | None = Field(description="The contact who may be the same person.")
    other_url: str = Field(
        description="That contact's address; or the address by member id of who has this address now."
    )
    reason: Reason
