"""What the gates of an action ask of Postgres, as one statement reads it (db/queries/gate_facts.sql)."""

from dataclasses import dataclass, fields
from datetime import date, datetime
from operator import attrgetter
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class GateFacts:
    """The facts of one action at one instant. Those of a contact are None for a page of search results.

    is_greeted: the person was greeted for this occasion
    is_twin_greeted: so was another contact who may be the same person, or may have been, or soon is
    last_text_at: when any account of the site last wrote to the person in two days, or may have
    """

    now: datetime
    killed: bool
    account_status: str
    stop_reason: str | None
    campaign_state: str
    campaign_kind: str
    campaign_options: dict[str, Any]
    expires_on: date | None
    needs_approval: bool
    approval: str | None
    message: str
    contact_id: int | None
    contact_status: str | None
    profile_url: str | None
    forgotten_at: datetime | None
    do_not_contact: bool | None
    hold_until: date | None
    moved_to: str | None
    is_greeted: bool
    is_twin_greeted: bool
    last_text_at: datetime | None

    @classmethod
    def of(cls, row: object) -> Self:
        """Return the facts among the columns of a row."""
        return cls(*_read_columns(row))


_read_columns = attrgetter(*(each.name for each in fields(GateFacts)))
