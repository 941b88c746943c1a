"""Parse limits as a person types them: gaps, hours and days.

Each function raises RequestRefusedError with one line that says what is wrong and what to write.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from api_stub.responses.quota import DAY_NAMES
from worker.errors import RequestRefusedError
from worker.rules.date_range import FIRST_DAY
from worker.rules.quota.limits import Limits
from worker.rules.quota.windows import ALL_WEEK, Hours

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
        raise RequestRefusedError(f"{found} is before {FIRST_DAY.year}: no account is so old")
    if found > today:
        raise RequestRefusedError(f"{found} has not come yet: a warm-up begins today or began before")
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
