"""Spans of time in a profile, in five languages: `maj 2025 – obecnie · 1 rok`.

An unknown form raises ValueError.
"""  # noqa: RUF002 -- the dash is what pages write

import re
from datetime import date
from functools import cache
from typing import Final

from babel.dates import get_month_names

from worker.browser.linkedin.words import LANGUAGES, fold, is_word

_DASH: Final = re.compile(r"\s*[-‐‑‒–—]\s*|\s+(?:to|à|bis|a|do)\s+")  # noqa: RUF001 -- the dashes that pages write
_STARTED: Final = re.compile(r"(?:.{0,16}[^\d])?(?:19|20)\d\d")
_MONTH: Final = re.compile(r"([^\W\d_]{3,})\.? (?:de |del )?(\d{4})")
_NUMBER: Final = re.compile(r"(\d{1,2})[./](\d{4})")
_LONGEST: Final = 80


def is_span(line: str) -> bool:
    """Return whether a line looks like a span or a date, in any language: a year, or two around a dash."""
    first = line.partition(" · ")[0]
    parts = _DASH.split(first.strip())
    if len(line) > _LONGEST or not _STARTED.fullmatch(parts[0]):
        return False
    return len(parts) == 2 or _is_month(first)


def parse_span(line: str) -> tuple[date, date | None]:
    """Parse `Jan 2019 - Mar 2022 · 3 yrs` into first days of months. No end: it lasts.

    A year without a month counts as its January.
    """
    parts = _DASH.split(line.partition(" · ")[0].strip())
    if len(parts) != 2:
        raise ValueError("no dash between two dates")
    started, ended = parts
    if is_word("present", ended, None):
        return _month(started), None
    if _month(ended) < _month(started):
        raise ValueError("it ends before it starts")
    return _month(started), _month(ended)


def parse_years(line: str) -> tuple[int | None, int | None]:
    """Parse `2010 - 2014`, or `2014`, which is the year of the end."""
    if len(_DASH.split(line.partition(" · ")[0].strip())) == 1:
        return None, _month(line.partition(" · ")[0]).year
    started, ended = parse_span(line)
    return started.year, ended.year if ended else None


def _is_month(text: str) -> bool:
    try:
        _month(text)
    except ValueError:
        return False
    return True


def _month(text: str) -> date:
    text = fold(text)
    if re.fullmatch(r"\d{4}", text):
        return date(int(text), 1, 1)
    if numbers := _NUMBER.fullmatch(text):
        return date(int(numbers[2]), int(numbers[1]), 1)
    found = _MONTH.fullmatch(text)
    if found is None:
        raise ValueError("no month and no year")
    return date(int(found[2]), _number(found[1]), 1)


def _number(word: str) -> int:
    """Return the number of the month that begins with `word`, if there is only one in all languages."""
    found = {number for name, number in _months() if name.startswith(word)}
    if len(found) != 1:
        raise ValueError("no month of this name")
    return found.pop()


@cache
def _months() -> frozenset[tuple[str, int]]:
    """Return the names of the months in all languages, in every case and length, and their numbers."""
    return frozenset(
        (fold(name).rstrip("."), number)
        for language in LANGUAGES
        for width in ("wide", "abbreviated")
        for context in ("format", "stand-alone")
        for number, name in get_month_names(width, context, language).items()
    )
