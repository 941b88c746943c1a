"""Parses connection dates. Birthdays are read by birth_dates.py."""

import re
from datetime import date
from functools import lru_cache
from typing import Final

from db.imports.days.month_names import find_months
from worker.rules.dates.date_range import require_supported_day

_NAMED_MONTH: Final = re.compile(r"(\d{1,2})\.? (?:de )?([^\W\d]+)\.? (?:de )?(\d{4})")
_OLD_LINKEDIN: Final = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{2}|\d{4}), \d{1,2}:\d{2} [AP]M")


@lru_cache(maxsize=10_000)  # an export has many people for each day
def parse_date(text: str) -> date | None:
    """Parse a date: 2026-11-21; 21 Nov 2026; or 11/21/26, 3:45 PM (LinkedIn's older form, month first).

    Month names may be in any language of month_names.py. Returns None for any other text, and for a date
    before 1900 or after 2200.
    """
    try:
        found = _parse_known_form(" ".join(text.split()))
        return require_supported_day(found) if found else None
    except ValueError:
        return None


def _parse_known_form(given: str) -> date | None:
    """Return the date, or None for an unknown month name. Raises ValueError if it is not a date."""
    if match := _NAMED_MONTH.fullmatch(given):
        months = find_months(match[2])
        return date(int(match[3]), min(months), int(match[1])) if len(months) == 1 else None
    if match := _OLD_LINKEDIN.fullmatch(given):
        year = int(match[3])
        return date(year if year >= 100 else 2000 + year, int(match[1]), int(match[2]))
    return date.fromisoformat(given)
