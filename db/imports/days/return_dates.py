"""Find the return date that an away message names."""

import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, timedelta
from typing import Final

from db.imports.days.readings import exists, list_days
from db.imports.entries import BirthDate

_HORIZON: Final = timedelta(days=366)
"""How far ahead a return date lies at most."""

_DOUBTFUL_HORIZON: Final = timedelta(days=60)
"""How far ahead one lies at most that could be another day or a time, such as 08/12/2026 or 8.12."""

_MOST_WORDS: Final = 5
"""Words of the longest date: 8th of December, 2026."""

_NUMBERS: Final = re.compile(
    r"(?<![\d.,/-])(?:\d{4}([-/.])\d{1,2}\1\d{1,2}|\d{1,2}([/.-]) ?\d{1,2}\2 ?\d{4})(?!\d)"
)
_SHORT: Final = re.compile(r"(?<![\d.,/:-])\d{1,2}(?:/\d{1,2}|\. ?\d{1,2}\.?)(?![\d/:])")
_EAST_ASIAN: Final = re.compile(r"(?:\d{4} ?[年년] ?)?\d{1,2} ?[月월] ?\d{1,2} ?[日일号號]")
_VIETNAMESE: Final = re.compile(
    r"(?:ngày )?\d{1,2} (?:tháng|thg) \d{1,2}(?:,? (?:năm )?\d{4})?", re.IGNORECASE
)
_WORD: Final = re.compile(r"\d+|[^\W\d_](?:[^\W\d_]|[\u0300-\u036f\u0900-\u0dff])*")
_HEBREW_IN: Final = "ב"


def find_return_date(text: str, written_on: date) -> date | None:
    """Return the latest day after `written_on` that a text names, at most a year ahead, or None.

    A date without a year is the next one. One that can be read in several ways, or has only two numbers,
    counts only if exactly one reading lies within 60 days.
    """
    plain = "".join(_to_ascii_digit(sign) for sign in unicodedata.normalize("NFC", text))
    found = {
        day
        for readings, horizon in _list_dates(plain)
        if (day := _choose(readings, written_on, _DOUBTFUL_HORIZON if len(readings) > 1 else horizon))
    }
    return max(found, default=None)


def _list_dates(text: str) -> Iterator[tuple[list[BirthDate], timedelta]]:
    """Yield the readings of each date in a text, and how far ahead it may lie."""
    for pattern in (_NUMBERS, _EAST_ASIAN, _VIETNAMESE):
        for match in pattern.finditer(text):
            yield _read(match[0]), _HORIZON
    for match in _SHORT.finditer(text):
        yield _read(match[0]), _DOUBTFUL_HORIZON
    words = [_bare(word) for word in _WORD.findall(text)]
    for first in range(len(words)):
        longest_first = range(min(_MOST_WORDS, len(words) - first), 1, -1)
        windows = (_read(" ".join(words[first : first + size])) for size in longest_first)
        if readings := next(filter(None, windows), None):
            yield readings, _HORIZON


def _read(given: str) -> list[BirthDate]:
    return [day for day in list_days(given, None) if exists(day)]


def _choose(readings: list[BirthDate], written_on: date, horizon: timedelta) -> date | None:
    """Return the day that the readings of one date are, if only one of them is near enough."""
    days = {day for reading in readings if (day := _next(reading, written_on))}
    near = [day for day in days if day <= written_on + horizon]
    return near[0] if len(near) == 1 else None


def _next(reading: BirthDate, written_on: date) -> date | None:
    for year in (reading.year,) if reading.year else (written_on.year, written_on.year + 1):
        with suppress(ValueError):  # 29 February
            if (day := date(year, reading.month, reading.day)) > written_on:
                return day
    return None


def _bare(word: str) -> str:
    """Return a word without the Hebrew "in" before a month."""
    return word[1:] if len(word) > 3 and word.startswith(_HEBREW_IN) else word


def _to_ascii_digit(sign: str) -> str:
    digit = unicodedata.decimal(sign, None)
    return sign if digit is None else str(digit)
