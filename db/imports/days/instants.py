"""The day that a moment means: all-day events are often exported as local midnight in UTC."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_WESTMOST = timedelta(hours=-12)
_EASTMOST = timedelta(hours=14)
"""The offsets of the world's zones from UTC, as in the tz database."""


@dataclass(frozen=True, slots=True)
class InstantDay:
    """The day of a moment; or, if it is None, the days that it may be."""

    day: date | None
    possible: tuple[date, ...] = ()


def find_day(instant: datetime, zones: Sequence[ZoneInfo]) -> InstantDay:
    """Return the day that `instant`, aware, means: the local one where it is midnight in one of `zones`.

    Midnight in UTC is the day as written. Any other moment may be the midnight of an unknown zone, so it is
    one of several days. In the first and the last year there is, it is the day as written.
    """
    if not date.min.year < instant.year < date.max.year:
        return InstantDay(instant.date())
    in_utc = instant.astimezone(UTC)
    if in_utc.time() == time.min:
        return InstantDay(in_utc.date())
    local = [in_utc.astimezone(zone) for zone in zones]
    for moment in local:
        if moment.time() == time.min:
            return InstantDay(moment.date())
    return InstantDay(None, tuple(sorted({*_days_by_midnight(in_utc), *(moment.date() for moment in local)})))


def find_day_without_zone(moment: datetime) -> InstantDay:
    """Return the day of a naive `moment`, which may be in local time or in UTC.

    Midnight, noon, and the small hours, which are a day's midnight only in the west, mean the day as written.
    """
    in_utc = moment.replace(tzinfo=UTC)
    days = {moment.date(), *_days_by_midnight(in_utc)}
    if len(days) == 1 or moment.time() in {time.min, time(12)}:
        return InstantDay(moment.date())
    return InstantDay(None, tuple(sorted(days)))


def _days_by_midnight(in_utc: datetime) -> set[date]:
    """Return each day that begins at this moment in some zone of the world."""
    since_midnight = timedelta(hours=in_utc.hour, minutes=in_utc.minute, seconds=in_utc.second)
    days = set()
    if -since_midnight >= _WESTMOST:
        days.add(in_utc.date())
    if timedelta(days=1) - since_midnight <= _EASTMOST:
        days.add(in_utc.date() + timedelta(days=1))
    return days
