"""Subscribed address books and calendars, as HTTP and the command line show them."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from db.store.imports.subscriptions import SubscriptionRecord
from worker.rules.subscriptions.readings import ReadFailure, SourceKind


class SubscriptionOut(BaseModel):
    """A subscription. Its path and its password are not shown."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": 3, "account": "ann", "kind": "carddav", "title": "Contacts",
                    "server": "https://cloud.example.org", "entries": 412,
                    "last_read_at": "2026-11-29T02:37:00Z", "failure": None, "failed_at": None,
                    "next_at": "2026-11-30T02:37:00Z",
                }
            ]
        }
    )  # fmt: skip

    id: int
    account: str
    kind: SourceKind
    title: str
    server: str
    entries: int = Field(description="How many people it had when it was last read.")
    last_read_at: datetime | None
    failure: ReadFailure | None = Field(description="Why the last reading failed.")
    failed_at: datetime | None
    next_at: datetime | None = Field(description="Null: it is paused, until somebody asks for a reading.")


def build_subscription(record: SubscriptionRecord) -> SubscriptionOut:
    """Build the answer about a subscription."""
    return SubscriptionOut(
        id=record.id,
        account=record.account,
        kind=record.kind,
        title=record.title,
        server=record.origin,
        entries=record.entries,
        last_read_at=record.read_at,
        failure=record.failure,
        failed_at=record.failed_at,
        next_at=record.next_at,
    )
