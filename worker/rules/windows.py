"""What the windows of a quota allow, in numbers that a script can compare.

Python knows days and zones, the script knows milliseconds (style guide, rule 3).
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from worker.rules.model import Kind


@dataclass(frozen=True, slots=True)
class Limits:
    """How much an account may do of one kind. Counts are actions; the gap is drawn between its bounds."""

    per_run: int
    per_day: int
    per_week: int
    gap_min: timedelta
    gap_max: timedelta

    def __post_init__(self) -> None:
        """Refuse limits that contradict themselves. Raises ValueError with what to change."""
        if min(self.per_run, self.per_day, self.per_week) < 0:
            raise ValueError("a limit can't be negative")
        if self.per_day > self.per_week:
            raise ValueError(
                f"a day's limit ({self.per_day}) above the week's ({self.per_week}) can't be used"
            )
        if not timedelta(0) <= self.gap_min <= self.gap_max:
            raise ValueError("the gap needs 0 <= shortest <= longest")


DEFAULT_LIMITS = {
    Kind.GREET: Limits(15, 15, 75, timedelta(seconds=90), timedelta(seconds=180)),
    Kind.VISIT: Limits(40, 40, 200, timedelta(seconds=45), timedelta(seconds=120)),
    Kind.COLLECT: Limits(10, 10, 50, timedelta(seconds=45), timedelta(seconds=120)),
}
"""Design §4: V1's practice and the low end of what vendors advise; sites publish none."""


@dataclass(frozen=True, slots=True)
class Day:
    """One calendar day of an account's zone as instants: from its first moment up to the next day's."""

    start: datetime
    end: datetime


def local_day(now: datetime, zone: ZoneInfo) -> Day:
    """Return the calendar day in `zone` that holds the aware instant `now`.

    23 or 25 hours long where the clocks change; starts later than 00:00 where midnight doesn't exist.
    """
    today = now.astimezone(zone).date()
    return Day(_first_moment(today, zone), _first_moment(today + timedelta(days=1), zone))


def _first_moment(day: date, zone: ZoneInfo) -> datetime:
    # fold=0 is the earlier of two midnights. One that doesn't exist comes back from UTC as the moment
    # after the gap, which is the same instant.
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)
