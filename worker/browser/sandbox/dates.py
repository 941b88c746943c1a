"""Dates as profiles write them, in English and French. Raises ValueError for what is in no known form."""

# ruff: noqa: RUF001, RUF002 -- the dashes are what pages write

import re
from datetime import date

_MONTHS = (
    ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
     "november", "december"),
    ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre",
     "novembre", "décembre"),
)  # fmt: skip
_STILL = {"present", "aujourd'hui"}
_MONTH = re.compile(r"(?:([^\W\d_]{3,})\.? )?(\d{4})")
_YEARS = re.compile(r"(?:(\d{4}) ?– ?)?(\d{4})?")


def span(line: str) -> tuple[date, date | None]:
    """Read `Jan 2019 – Mar 2022 · 3 yrs 3 mos`: first days of months. The end is None while it lasts.

    A year without a month counts as its January.
    """
    started, dash, ended = line.partition(" · ")[0].partition(" – ")
    if not dash:
        raise ValueError("no dash between two dates")
    still = ended.replace("’", "'").lower() in _STILL
    return _month(started), None if still else _month(ended)


def years(line: str) -> tuple[int | None, int | None]:
    """Read `2010 – 2014`, `2010 –` or `2014`, which is the year of the end."""
    said = _YEARS.fullmatch(line)
    if said is None:
        raise ValueError("no years")
    return int(said[1]) if said[1] else None, int(said[2]) if said[2] else None


def _month(text: str) -> date:
    said = _MONTH.fullmatch(text.strip())
    if said is None:
        raise ValueError("no month and no year")
    return date(int(said[2]), _number(said[1].lower()) if said[1] else 1, 1)


def _number(word: str) -> int:
    """A month by its beginning, as long as that means one month only."""
    meant = {index for names in _MONTHS for index, name in enumerate(names, start=1) if name.startswith(word)}
    if len(meant) != 1:
        raise ValueError("no month of this name")
    return meant.pop()
