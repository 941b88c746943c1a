"""Calendar days and working hours in an account's zone, as instants.

The script in Redis compares milliseconds; days and zones are computed here.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

ALL_WEEK = frozenset(range(7))
WEEKDAYS = frozenset(range(5))
"""Monday is 0, as in `date.weekday`."""

_MIDNIGHT = timedelta(0)
_NEXT_MIDNIGHT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """Instants from `start` up to but not including `end`. Aware, in UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Hours:
    """When an account works: times as durations since midnight, and days of the week (Monday is 0)."""

    opens: timedelta = _MIDNIGHT
    closes: timedelta = _NEXT_MIDNIGHT
    days: frozenset[int] = ALL_WEEK

    def __post_init__(self) -> None:
        """Refuse hours that never open. Raises ValueError with what to change."""
        if not _MIDNIGHT <= self.opens < self.closes <= _NEXT_MIDNIGHT:
            raise ValueError("working hours need 00:00 <= opening < closing <= 24:00")
        if not self.days or not self.days <= ALL_WEEK:
            raise ValueError("working days need at least one day from Monday (0) to Sunday (6)")


def local_day(now: datetime, zone: ZoneInfo) -> Span:
    """Return the calendar day in `zone` that contains the aware instant `now`.

    It has 23 or 25 hours when the clocks change, and starts after 00:00 where midnight doesn't exist.
    """
    return calendar_day(now.astimezone(zone).date(), zone)


def calendar_day(day: date, zone: ZoneInfo) -> Span:
    """Return the calendar day `day` in `zone`; its length as for `local_day`."""
    return Span(_to_instant(day, _MIDNIGHT, zone), _to_instant(day, _NEXT_MIDNIGHT, zone))


def opening(now: datetime, hours: Hours, zone: ZoneInfo) -> Span:
    """Return the working hours in `zone` that contain the aware instant `now`, or the next ones.

    A wall-clock time that occurs twice means the first; one that doesn't exist means the end of the gap.
    Hours that lie wholly inside a gap don't take place on that day.
    """
    today = now.astimezone(zone).date()
    for ahead in range(15):  # one working day a week, and that one lost to a gap: within two weeks
        day = today + timedelta(days=ahead)
        if day.weekday() in hours.days:
            span = Span(_to_instant(day, hours.opens, zone), _to_instant(day, hours.closes, zone))
            if span.start < span.end and now < span.end:
                return span
    raise AssertionError("no opening within two weeks")  # pragma: no cover -- Hours has at least one day


@lru_cache(maxsize=4096)
def _to_instant(day: date, after_midnight: timedelta, zone: ZoneInfo) -> datetime:
    # fold=0 is the earlier of two. A time inside a gap comes back from UTC as another wall-clock time: as far
    # after the gap's end as it was after its beginning. Then the end itself is looked up.
    wall = datetime.combine(day, time.min) + after_midnight
    instant = wall.replace(tzinfo=zone).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == wall:
        return instant
    return _end_of_gap(wall, zone)


def _end_of_gap(wall: datetime, zone: ZoneInfo) -> datetime:
    # The offsets before and after the gap are those of fold 0 and 1 of a time inside it (PEP 495).
    low, high = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (1, 0))
    after = high.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        low, high = (low, middle) if middle.astimezone(zone).utcoffset() == after else (middle, high)
    return high.replace(microsecond=0)
