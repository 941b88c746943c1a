"""Occasions and days in words. The keys of occasions, such as `birthday:2026`, are for programs."""

import re
from datetime import date
from typing import Final

_OCCASION: Final = re.compile(
    r"(?P<what>birthday|visit|withdraw|search):(?:(?P<year>\d{4})(?:-W(?P<week>\d{2}))?|(?P<campaign>[0-9a-f-]{36}))"
    r"(?::(?P<rest>.+))?"
)


def describe_occasion(occasion: str, on: date | None = None) -> str:
    """Describe an occasion: "birthday 28 Nov 2026", "week 48 of 2026", "search 1f3a9b2c, page 2".

    `on` is the day of the birthday, where it is known. A key of another kind is returned as it is.
    """
    found = _OCCASION.fullmatch(occasion)
    if found is None:
        return occasion
    if found["what"] == "birthday":
        return f"birthday {format_day(on) if on else found['year']}"
    if found["campaign"]:
        page = f", page {found['rest']}" if found["rest"] else ""
        return f"search {found['campaign'][:8]}{page}"
    return f"week {int(found['week'] or 0)} of {found['year']}"


def format_day(day: date) -> str:
    """Format a day: "28 Nov 2026"."""
    return f"{day.day} {day:%b %Y}"
