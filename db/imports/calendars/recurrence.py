"""Whether a recurring event still comes every year on the same day."""

from datetime import date, datetime
from typing import Any, Final

from icalendar.prop import vRecur

from db.imports.entries import SkippedEntryError

_LEAP_DAY: Final = (2, 29)
_OTHER: Final = "an event that doesn't recur every year"


def require_yearly(rule: vRecur | None, start: date | None, today: date) -> None:
    """Raise SkippedEntryError for a rule that is not yearly, moves between days, or has ended by `today`."""
    if rule is None or _first(rule, "FREQ").upper() not in {"YEARLY", "MONTHLY"}:
        raise SkippedEntryError(_OTHER)
    months = 1 if _first(rule, "FREQ").upper() == "MONTHLY" else 12
    every = int(_first(rule, "INTERVAL") or 1) * months
    if every != 12:
        raise SkippedEntryError(_OTHER)
    if any(rule.get(part) for part in ("BYDAY", "BYWEEKNO", "BYYEARDAY", "BYSETPOS")):
        raise SkippedEntryError("a yearly event without a fixed day")
    if len(_list(rule, "BYMONTH")) > 1 or len(_list(rule, "BYMONTHDAY")) > 1:
        raise SkippedEntryError(_OTHER)
    end = _last_day(rule, start)
    if end is not None and end < today:
        raise SkippedEntryError("a series that has ended")


def _last_day(rule: vRecur, start: date | None) -> date | None:
    """Return the day of the last event, or None for a series without an end."""
    until: Any = next(iter(_list(rule, "UNTIL")), None)
    if isinstance(until, date):
        return until.date() if isinstance(until, datetime) else until
    count = _first(rule, "COUNT")
    if not count or start is None:
        return None
    year = max(date.min.year, min(start.year + int(count) - 1, date.max.year))
    return date(year, start.month, 28 if (start.month, start.day) == _LEAP_DAY else start.day)


def _first(rule: vRecur, part: str) -> str:
    return str(next(iter(_list(rule, part)), ""))


def _list(rule: vRecur, part: str) -> list[Any]:
    found = rule.get(part, ())
    return list(found) if isinstance(found, (list, tuple)) else [found]
