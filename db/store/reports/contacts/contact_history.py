"""What happened with a contact, as a timeline in pages."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final, Self
from uuid import UUID

from sqlalchemy.orm import Session

from db.queries import load_query
from db.store.people import changes
from worker.errors import Reason

PAGE: Final = 30
_CURSOR: Final = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{6})?\+00:00)_([a-z][0-9a-f-]{1,36})", re.ASCII
)


class Happened(StrEnum):
    """What an entry of the timeline is about."""

    INTERACTION = "interaction"
    REPLY = "reply"
    AUTOMATIC_ANSWER = "automatic_answer"
    NO_EFFECT = "no_effect"
    IDENTITY = "identity"
    IMPORTED = "imported"
    IMPORT_CHANGED = "import_changed"
    FOUND = "found"
    CHANGE = "change"
    KNOWN = "known"


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One entry. Which fields are known depends on `what`; db/queries/contact_history.sql says how.

    `body` is the text that was sent or answered, or the names of the columns that an import changed.
    """

    at: datetime
    key: str
    what: Happened
    kind: str | None
    status: str | None
    occasion: str | None
    occasion_on: date | None
    body: str
    reason: Reason | None
    detail: str | None
    by: str | None
    action_id: UUID | None


@dataclass(frozen=True, slots=True)
class HistoryCursor:
    """The entry that a page follows."""

    at: datetime
    key: str

    @classmethod
    def parse(cls, given: str) -> Self | None:
        """Return the cursor that `str` of one gave, or None."""
        found = _CURSOR.fullmatch(given)
        try:
            return cls(datetime.fromisoformat(found[1]), found[2]) if found else None
        except ValueError:
            return None

    def __str__(self) -> str:
        return f"{self.at.isoformat()}_{self.key}"


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Entries, newest first; `after` is where older ones begin, None on the last page."""

    entries: Sequence[HistoryEntry]
    after: HistoryCursor | None


def list_history(
    session: Session, contact_id: int, *, before: HistoryCursor | None = None, limit: int = PAGE
) -> HistoryPage:
    """Return a page of the contact's timeline."""
    rows = session.execute(
        load_query("contact_history"),
        {
            "contact_id": contact_id,
            "about": changes.subject_of(contact_id),
            "before_at": before.at if before else None,
            "before_key": before.key if before else None,
            "limit": limit + 1,
        },
    ).all()
    entries = [
        HistoryEntry(
            row.at, row.key, Happened(row.what), row.kind, row.status, row.occasion, row.occasion_on,
            row.body or "", Reason(row.reason) if row.reason else None, row.detail, row.by, row.action_id,
        )
        for row in rows[:limit]
    ]  # fmt: skip
    last = entries[-1] if len(rows) > limit else None
    return HistoryPage(entries, HistoryCursor(last.at, last.key) if last else None)
