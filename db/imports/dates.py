"""Parses dates in files. A birthday that can be read as two days is refused."""

import re
from datetime import date
from functools import lru_cache
from typing import Final

from db.imports.entries import BirthDate, UnreadableEntryError
from worker.rules.date_range import FIRST_DAY, require_supported_day

_WITH_YEAR: Final = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?:T.*)?")
_WITHOUT_YEAR: Final = re.compile(r"--(\d{2})-?(\d{2})(?:T.*)?|(\d{1,2})-(\d{1,2})")
_WITHOUT_DAY: Final = re.compile(r"\d{4}(?:-\d{2})?|--\d{2}|---\d{2}")
_AMBIGUOUS: Final = re.compile(r"\d{1,4}[/.\- ]\d{1,2}[/.\- ]\d{1,4}\.?")

_UNKNOWN_YEARS: Final = frozenset({0, 1604})
"""Placeholders for an unknown year; 1604 is Apple's."""
_LEAP_YEAR: Final = 2000


def parse_birth_date(text: str, today: date) -> BirthDate | None:
    """Parse a birthday: 1980-03-05, 19800305, --03-05, --0305 or 03-05 (month, day).

    Returns None for an empty text, and for a year or a month without a day, which vCard allows. Raises
    UnreadableEntryError for any other text, a day that does not exist, and a future day.
    """
    given = text.strip()
    if not given or _WITHOUT_DAY.fullmatch(given):
        return None
    if match := _WITH_YEAR.fullmatch(given):
        year, month, day = (int(part) for part in match.groups())
        known = None if year in _UNKNOWN_YEARS else year
    elif match := _WITHOUT_YEAR.fullmatch(given):
        month, day = (int(part) for part in match.groups() if part is not None)
        known = None
    elif _AMBIGUOUS.fullmatch(given):
        raise UnreadableEntryError(
            f"the birthday {_quoted(given)} can be read in two ways: write it as 1980-12-31 or 12-31"
        )
    else:
        raise UnreadableEntryError(
            f"the birthday {_quoted(given)} isn't a date: write it as 1980-12-31 or 12-31"
        )
    return _check_calendar(BirthDate(month, day, known), today, given)


def _check_calendar(birthday: BirthDate, today: date, given: str) -> BirthDate:
    subject = f"the birthday {_quoted(given)}"
    try:
        on = date(birthday.year or _LEAP_YEAR, birthday.month, birthday.day)
    except ValueError:
        raise UnreadableEntryError(f"{subject} is a day that no calendar has") from None
    if birthday.year is not None and birthday.year < FIRST_DAY.year:
        raise UnreadableEntryError(f"{subject} is before {FIRST_DAY.year}")
    if birthday.year is not None and on > today:
        raise UnreadableEntryError(f"{subject} is yet to come")
    return birthday


_MONTHS: Final = (
    # Prefixes in English, French, German and Spanish, one tuple for each month
    ("jan", "janv", "jän", "ene"),
    ("feb", "fév", "fev"),
    ("mar", "mär", "mrz"),
    ("apr", "avr", "abr"),
    ("may", "mai"),
    ("jun", "juin"),
    ("jul", "juil"),
    ("aug", "aoû", "aou", "ago"),
    ("sep",),
    ("oct", "okt"),
    ("nov",),
    ("dec", "déc", "dez", "dic"),
)
_NAMED_MONTH: Final = re.compile(r"(\d{1,2})\.? (?:de )?([^\W\d]+)\.? (?:de )?(\d{4})")
_OLD_LINKEDIN: Final = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{2}|\d{4}), \d{1,2}:\d{2} [AP]M")


@lru_cache(maxsize=10_000)  # an export has many people for each day
def parse_date(text: str) -> date | None:
    """Parse a date: 2026-11-21; 21 Nov 2026; or 11/21/26, 3:45 PM (LinkedIn's older form, month first).

    Month names may be English, French, German or Spanish. Returns None for any other text, and for a date
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
        month = _month_number(match[2])
        return date(int(match[3]), month, int(match[1])) if month else None
    if match := _OLD_LINKEDIN.fullmatch(given):
        year = int(match[3])
        return date(year if year >= 100 else 2000 + year, int(match[1]), int(match[2]))
    return date.fromisoformat(given)


def _month_number(word: str) -> int | None:
    lowered = word.casefold()
    for number, beginnings in enumerate(_MONTHS, start=1):
        if lowered.startswith(beginnings):
            return number
    return None


def _quoted(text: str) -> str:
    """Return the first 40 characters, with ? for unprintable ones, for an error text."""
    shown = "".join(sign if sign.isprintable() else "?" for sign in text[:40])
    return shown if len(text) <= 40 else f"{shown}…"
