"""Bodies of the routes of the audit log."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field


class ChangeOut(BaseModel):
    """Who changed what. What was decided about single actions is in their history."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "at": "2026-11-29T09:00:00Z",
                    "by": "crm",
                    "change": "account.pause",
                    "about": "ann",
                    "detail": "",
                }
            ]
        },
    )

    at: datetime
    by: str = Field(description="A user of the console or of a terminal, or the name of a key.")
    change: str = Field(description="What was done.")
    about: str = Field(description="An account, a user, or an id.")
    detail: str


class ChainHeadOut(BaseModel):
    """The end of an account's chain of events. Stored elsewhere, it proves the chain's length later."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"account": "ann", "events": 1520, "head": "9f86d081884c7d65"}]}
    )

    account: str
    events: int
    head: str = Field(description="The hash of the last event, in hexadecimal digits.")


class ChainPartOut(BaseModel):
    """The result of verifying a part of a chain. Pass `next` as `cursor` for the next part.

    The chain is whole if no part has a problem, up to the part whose `next` is null.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "account": "ann",
                    "events": 1000,
                    "actions": 0,
                    "verified_events": 1000,
                    "head": "9f86d081884c7d65",
                    "problems": [],
                    "next": "WzEwMDBd.c2lnbmF0dXJl",
                }
            ]
        }
    )

    account: str
    events: int = Field(description="Events that this part has recomputed.")
    actions: int = Field(description="Actions whose states this part has compared with their last events.")
    verified_events: int = Field(description="The number of the last event that was recomputed so far.")
    head: str = Field(description="Its hash, in hexadecimal digits.")
    problems: list[str] = Field(
        description="Rows that were changed, removed, inserted or swapped, and actions without an event."
    )
    next: str | None = Field(description="The cursor of the next part; null at the end.")
