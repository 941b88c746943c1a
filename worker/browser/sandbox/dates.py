"""Dates on the practice network's pages, in English and French. A text of unknown form raises ValueError."""

# ruff: noqa: RUF001, RUF002 -- the dashes are what pages write

import re
from datetime import date, timedelta

_MONTHS = (
    ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
     "november", "december"),
    ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre",
     "novembre", "décembre"),
)  # fmt: skip
_PRESENT = {"present", "aujourd'hui"}
_MONTH = re.compile(r"(?:([^\W\d_]{3,})\.? )?(\d{4})")
_YEARS = re.compile(r"(?:(\d{4}) ?– ?)?(\d{4})?")
_UNIT_DAYS = {
    "day": 1, "week": 7, "month": 30, "year": 365,
    "jour": 1, "semaine": 7, "mois": 30, "an": 365,
}  # fmt: skip


def parse_span(line: str) -> tuple[date, date | None]:
    """Parse `Jan 2019 – Mar 2022 · 3 yrs 3 mos` into first days of months. No end: None.

    A year without a month counts as its January.
    """
    started, dash, ended = line.partition(" · ")[0].partition(" – ")
    if not dash:
        raise ValueError("no dash between two dates")
    lasts = ended.replace("’", "'").lower() in _PRESENT
    return _month(started), None if lasts else _month(ended)


def parse_years(line: str) -> tuple[int | None, int | None]:
    """Parse `2010 – 2014`, `2010 –` or `2014`, which is the year of the end."""
    found = _YEARS.fullmatch(line)
    if found is None:
        raise ValueError("no years")
    return int(found[1]) if found[1] else None, int(found[2]) if found[2] else None


def age_pattern(english: str, french: str, *, units: tuple[str, str]) -> re.Pattern[str]:
    """Return the pattern of a line such as `Sent 3 weeks ago`, for `parse_age`.

    `english` and `french` are the texts before the age. `units` are the singular units in English and in
    French, as alternatives of a pattern. The groups have no names, because the browser uses the pattern too.
    """
    return re.compile(
        rf"^(?:{english} (?:today|(yesterday)|(\d+) ({units[0]})s? ago)"
        rf"|{french} (?:aujourd.hui|(hier)|il y a (\d+) ({units[1]})s?))$"
    )


def parse_age(pattern: re.Pattern[str], line: str) -> timedelta:
    """Return the minimum age that a line of `age_pattern` can mean: "3 weeks" are 21 to 27 days."""
    found = pattern.match(line.strip())
    if found is None:
        raise ValueError("no age")
    yesterday, count, unit, hier, compte, unite = found.groups()
    if yesterday or hier:
        return timedelta(days=1)
    return timedelta(days=int(count or compte or 0) * _UNIT_DAYS[unit or unite or "day"])


def _month(text: str) -> date:
    found = _MONTH.fullmatch(text.strip())
    if found is None:
        raise ValueError("no month and no year")
    return date(int(found[2]), _number(found[1].lower()) if found[1] else 1, 1)


def _number(word: str) -> int:
    """Return the number of the month that begins with `word`, if there is only one."""
    found = {index for names in _MONTHS for index, name in enumerate(names, start=1) if name.startswith(word)}
    if len(found) != 1:
        raise ValueError("no month of this name")
    return found.pop()
