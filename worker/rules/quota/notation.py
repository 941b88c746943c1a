"""Limits as a person types and reads them: gaps, hours and days.

Each parser raises RequestRefusedError with one line that says what is wrong and what to write.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from worker.errors import RequestRefusedError
from worker.rules.dates.date_range import FIRST_DAY
from worker.rules.quota.limits import Limits
from worker.rules.quota.windows import ALL_WEEK, Hours

DAY_NAMES: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""By `date.weekday`."""

_UNITS: Final = {"": 1, "s": 1, "m": 60, "h": 3600}
_DURATION: Final = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)\s*([smh]?)")
_TIME: Final = re.compile(r"(\d{1,2})(?::(\d{2}))?")


def parse_duration(text: str) -> timedelta:
    """Parse `90s`, `1.5m`, or `90`, which is in seconds."""
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        raise RequestRefusedError(f"{text!r} isn't a duration: write 90s, 2m or 1h")
    return float(found[1]) * timedelta(seconds=_UNITS[found[2]])


def parse_gap(text: str) -> tuple[timedelta, timedelta]:
    """Parse `90s-180s`, or one duration for a constant gap."""
    shortest, dash, longest = text.partition("-")
    return parse_duration(shortest), parse_duration(longest if dash else shortest)


def parse_hours(text: str) -> tuple[timedelta, timedelta]:
    """Parse `07:00-19:00` to durations since midnight; a day ends at 24:00."""
    opens, dash, closes = text.partition("-")
    if not dash:
        raise RequestRefusedError(f"{text!r} aren't hours: write 07:00-19:00 (00:00-24:00 is day and night)")
    return _parse_time(opens), _parse_time(closes)


def _parse_time(text: str) -> timedelta:
    found = _TIME.fullmatch(text.strip())
    if found is None or int(found[2] or 0) > 59:
        raise RequestRefusedError(f"{text!r} isn't a time of day: write 07:00")
    return timedelta(hours=int(found[1]), minutes=int(found[2] or 0))


def parse_days(text: str) -> frozenset[int]:
    """Parse `mon-fri`, `sat,sun`, `fri-mon` or `every day`; Monday is 0."""
    if text.strip().lower() in {"every day", "all", "daily"}:
        return ALL_WEEK
    found: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.partition("-")
        begin = _parse_day(first)
        length = (_parse_day(last) - begin) % 7 if dash else 0
        found |= {(begin + ahead) % 7 for ahead in range(length + 1)}
    return frozenset(found)


def _parse_day(text: str) -> int:
    name = text.strip().lower()[:3]
    if name not in DAY_NAMES:
        raise RequestRefusedError(f"{text.strip()!r} isn't a day: write {', '.join(DAY_NAMES)}, or mon-fri")
    return DAY_NAMES.index(name)


def parse_date(text: str, today: date) -> date:
    """Parse `2026-11-23` or `today`. Refuses a future day, and one before 1900."""
    if text == "today":
        return today
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise RequestRefusedError(f"{text!r} isn't a date: write 2026-11-23, or today") from None
    if found < FIRST_DAY:
        raise RequestRefusedError(f"{found} is before {FIRST_DAY.year}: no account is that old")
    if found > today:
        raise RequestRefusedError(f"{found} is in the future: give today or an earlier day")
    return found


def apply_options(
    limits: Limits,
    counts: Mapping[str, int],
    *,
    gap: str | None = None,
    gap_min: str | None = None,
    gap_max: str | None = None,
    hours: str | None = None,
    days: str | None = None,
) -> Limits:
    """Return `limits` with the given options. Raises RequestRefusedError if they contradict each other.

    A day's limit below the reserved share lowers the share too.
    """
    shortest, longest = parse_gap(gap) if gap is not None else (limits.gap_min, limits.gap_max)
    shortest = parse_duration(gap_min) if gap_min is not None else shortest
    longest = parse_duration(gap_max) if gap_max is not None else longest
    opens, closes = parse_hours(hours) if hours is not None else (limits.hours.opens, limits.hours.closes)
    on = parse_days(days) if days is not None else limits.hours.days
    if "per_day" in counts and "reserved_per_day" not in counts:
        counts = {**counts, "reserved_per_day": min(limits.reserved_per_day, counts["per_day"])}
    try:
        working = Hours(opens, closes, on)
        return replace(limits, **counts, gap_min=shortest, gap_max=longest, hours=working)
    except ValueError as error:
        raise RequestRefusedError(str(error)) from None


def format_hours(hours: Hours) -> str:
    """Format working hours and days as they are parsed."""
    return f"{format_times(hours)} {format_days(hours.days)}"


def format_times(hours: Hours) -> str:
    """Format working hours, without their days, as they are parsed."""
    return f"{format_clock_time(hours.opens)}-{format_clock_time(hours.closes)}"


def format_days(days: frozenset[int]) -> str:
    """Format days as they are parsed: as a range if they are one, else each."""
    if days == ALL_WEEK:
        return "every day"
    first, last = min(days), max(days)
    if len(days) > 2 and days == frozenset(range(first, last + 1)):
        return f"{DAY_NAMES[first]}-{DAY_NAMES[last]}"
    return ",".join(DAY_NAMES[day] for day in sorted(days))


def format_gap(shortest: timedelta, longest: timedelta) -> str:
    """Format a gap as it is parsed."""
    low, high = (f"{gap.total_seconds():g}s" for gap in (shortest, longest))
    return low if low == high else f"{low}-{high}"


def format_clock_time(after_midnight: timedelta) -> str:
    """Format a duration since midnight as wall-clock time; the midnight that ends a day is 24:00."""
    minutes = after_midnight // timedelta(minutes=1)
    return f"{minutes // 60:02}:{minutes % 60:02}"
