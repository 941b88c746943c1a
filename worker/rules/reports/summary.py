"""Counts of a day or a campaign: the records that are stored, shown and returned over HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from worker.errors import Reason
from worker.rules.model import ActionState


@dataclass(frozen=True, slots=True)
class EndedCounts:
    """Counts of what has ended. `late` are those of `sent` that went out after the birthday.

    `visits` counts opened profiles, `pages` pages of search results, `withdrawn` invitations. They are 0 for
    days that were stored before these were counted.
    """

    sent: int
    late: int
    replies: int
    settled_by_hand: int
    skipped: Mapping[Reason, int]
    failed: Mapping[Reason, int]
    visits: int = 0
    pages: int = 0
    withdrawn: int = 0


@dataclass(frozen=True, slots=True)
class OpenCounts:
    """Counts of what has not ended. `due` can start now; `waiting` is held back, by reason.

    `names_differ` are those of `proposed` for whom the site shows another name than the text had. It is 0 for
    days that were stored before it was counted.
    """

    due: int
    under_way: int
    uncertain: int
    proposed: int
    needs_review: int
    waiting: Mapping[Reason, int]
    names_differ: int = 0


@dataclass(frozen=True, slots=True)
class GreetingQuota:
    """The quota for greetings: used and left, of the day and of 7 days."""

    used_day: int
    left_day: int
    used_week: int
    left_week: int


@dataclass(frozen=True, slots=True)
class Summary:
    """One day of an account, in its time zone.

    `greeted` and `answered` cover the 30 days up to the end of the day. `open`, `quota` and
    `birthdays_next_day` are as of `as_of`; None for a day whose summary was made later.
    """

    account: str
    on: date
    time_zone: str
    as_of: datetime
    happened: EndedCounts
    greeted: int
    answered: int
    open: OpenCounts | None
    quota: GreetingQuota | None
    birthdays_next_day: int | None

    @property
    def reply_share(self) -> float | None:
        """The share of greetings that were answered, 0 to 1; None if there were none."""
        return self.answered / self.greeted if self.greeted else None


@dataclass(frozen=True, slots=True)
class NotGreeted:
    """A contact whom a campaign did not greet, and why."""

    contact: str
    profile_url: str
    occasion: str
    state: ActionState
    reason: Reason
    detail: str | None
