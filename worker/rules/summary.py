"""What a day or a campaign comes to, as plain counts: the shape that is kept, shown and answered."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from worker.errors import Reason
from worker.rules.model import ActionState


@dataclass(frozen=True, slots=True)
class EndedCounts:
    """What is over. `late` are those of `sent` that went out after the birthday itself.

    `visits` are profiles opened, `pages` pages of people found that were read. A day that was kept before
    these were counted has none of them.
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
    """What is not over. `due` waits for nothing but its turn, `waiting` for what its reason says."""

    due: int
    under_way: int
    uncertain: int
    proposed: int
    needs_review: int
    waiting: Mapping[Reason, int]


@dataclass(frozen=True, slots=True)
class GreetingQuota:
    """How much of the quota for greetings the day had used, and how much it had left."""

    used_day: int
    left_day: int
    used_week: int
    left_week: int


@dataclass(frozen=True, slots=True)
class Summary:
    """One day of an account in its zone.

    `greeted` and `answered` are of the 30 days up to the day's end, answered by now. What stood open, the
    quota and the next day's birthdays are as of `as_of`; None for a day at whose end nobody looked.
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
        """The share of greetings that were answered; None where there were none."""
        return self.answered / self.greeted if self.greeted else None


@dataclass(frozen=True, slots=True)
class NotGreeted:
    """Somebody whom a campaign did not greet, and why."""

    contact: str
    profile_url: str
    occasion: str
    state: ActionState
    reason: Reason
    detail: str | None
