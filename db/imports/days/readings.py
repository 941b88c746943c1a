"""The days that a date without a time of day may be, in each form and order in which programs write them."""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, timedelta
from enum import Enum
from typing import Final

from db.imports.days.month_names import find_months, is_weekday
from db.imports.entries import BirthDate
from worker.rules.dates.date_range import FIRST_DAY


class DayOrder(Enum):
    """Which of day and month comes first in the dates of a column."""

    DAY_FIRST = "day first"
    MONTH_FIRST = "month first"


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


LEAP_YEAR: Final = 2000
"""The year of a birthday without one, to check the day."""
_NO_YEAR: Final = frozenset({0, 1604})
"""Years that stand for an unknown one; 1604 is Apple's."""
_NUMBERS: Final = re.compile(r"(\d{1,4}|[x?*]{4})([/.\- ])\s?(\d{1,2})\2\s?(\d{1,4})\.?", re.IGNORECASE)
_TWO_NUMBERS: Final = re.compile(r"(\d{1,2})([/.\-])\s?(\d{1,2})\.?")
_WITHOUT_YEAR: Final = re.compile(r"--?(\d{2})-?(\d{2})|--(\d{1,2})-(\d{1,2})")
_DIGITS: Final = re.compile(r"(\d{4})(\d{2})(\d{2})")
_EAST_ASIAN: Final = re.compile(r"(?:(\d{4}) ?[年년] ?)?(\d{1,2}) ?[月월] ?(\d{1,2}) ?[日일号號]?")
_VIETNAMESE: Final = re.compile(
    r"(?:ngày )?(\d{1,2}) (?:tháng|thg) (\d{1,2})(?:,? (?:năm )?(\d{4}))?", re.IGNORECASE
)
_SERIAL: Final = re.compile(r"[1-4]\d{4}(?:\.0+)?")
_EXCEL_FIRST: Final = date(1899, 12, 30)
_EXCEL_MAC_FIRST: Final = date(1904, 1, 1)
_TOKEN: Final = re.compile(r"\d+|[^\W\d_](?:[^\W\d_]|[\u0300-\u036f\u0900-\u0dff.'\u2019])*")
_FILLERS: Final = _words("""
    of the de del den der le la el al di do dia em st nd rd th er e o a ième eme г р року год года g r d
    m y г. р. в ב ה של وا من في
""")  # noqa: RUF001 -- other scripts are meant
"""Words around a date: articles, ordinal endings, `year`."""


def list_days(given: str, order: DayOrder | None) -> Iterator[BirthDate]:
    """Yield every reading of a date; they may lie outside the calendar. `given` has ASCII digits only."""
    if match := _WITHOUT_YEAR.fullmatch(given):
        month, day = filter(None, match.groups())
        yield BirthDate(int(month), int(day))
    elif match := _NUMBERS.fullmatch(given):
        yield from _read_numbers(match[1], match[3], match[4], order)
    elif match := _TWO_NUMBERS.fullmatch(given):
        usual = DayOrder.MONTH_FIRST if match[2] == "-" else None
        yield from _in_order(int(match[1]), int(match[3]), None, order or usual)
    elif match := _DIGITS.fullmatch(given):
        yield from _read_digits(given, order)
    elif match := _EAST_ASIAN.fullmatch(given):
        yield BirthDate(int(match[2]), int(match[3]), _to_year(match[1]))
    elif match := _VIETNAMESE.fullmatch(given):
        yield BirthDate(int(match[2]), int(match[1]), _to_year(match[3]))
    elif _SERIAL.fullmatch(given):
        days = timedelta(days=int(float(given)))
        for on in (_EXCEL_FIRST + days, _EXCEL_MAC_FIRST + days):
            yield BirthDate(on.month, on.day, on.year)
    else:
        yield from _read_words(given)


def _read_numbers(first: str, second: str, third: str, order: DayOrder | None) -> Iterator[BirthDate]:
    if _is_year(first) and len(third) <= 2:
        yield BirthDate(int(second), int(third), _to_year(first))
    elif len(first) <= 2 and _is_year(third):
        yield from _in_order(int(first), int(second), _to_year(third), order)


def _read_digits(given: str, order: DayOrder | None) -> Iterator[BirthDate]:
    year, month, day = int(given[:4]), int(given[4:6]), int(given[6:])
    whole = BirthDate(month, day, None if year in _NO_YEAR else year)
    if exists(whole) and (whole.year is None or year >= FIRST_DAY.year):
        yield whole
        return
    last = [*_in_order(int(given[:2]), int(given[2:4]), int(given[4:]), order)]
    yield from (last if any(map(exists, last)) and int(given[4:]) >= FIRST_DAY.year else [whole])


def _in_order(first: int, second: int, year: int | None, order: DayOrder | None) -> Iterator[BirthDate]:
    """Yield the readings as day and month; if only one of the two orders is a day, that one."""
    by_day, by_month = BirthDate(second, first, year), BirthDate(first, second, year)
    if order is DayOrder.DAY_FIRST and exists(by_day):
        yield by_day
    elif order is DayOrder.MONTH_FIRST and exists(by_month):
        yield by_month
    else:
        yield from (by_day, by_month)


def _read_words(given: str) -> Iterator[BirthDate]:
    """Read a date with the name of its month, which may differ by language."""
    months: frozenset[int] = frozenset()
    numbers: list[str] = []
    for token in _TOKEN.findall(given):
        if token.isdecimal():
            numbers.append(token)
        elif token.casefold().strip(".") in _FILLERS:
            continue
        elif found := find_months(token):
            if months:
                return
            months = found
        elif not is_weekday(token):
            return
    for day, year in _day_and_year(numbers):
        yield from (BirthDate(month, day, year) for month in sorted(months))


def _day_and_year(numbers: list[str]) -> Iterator[tuple[int, int | None]]:
    """Yield each way in which the numbers beside a month's name are a day and a year."""
    if len(numbers) == 1 and not _is_year(numbers[0]):
        yield int(numbers[0]), None
    elif len(numbers) == 2:
        for day, year in (numbers, numbers[::-1]):
            if len(day) <= 2 and _is_year(year):
                yield int(day), _to_year(year)


def _is_year(number: str) -> bool:
    """Return whether this can only be a year: four digits, a stand-in for them, or 32 to 99."""
    return len(number) == 4 or (len(number) == 2 and int(number) > 31)


def _to_year(number: str | None) -> int | None:
    """Return the year; None for one that is unknown. Two digits, 32 to 99, are of the twentieth century."""
    if number is None or not number.isdecimal() or int(number) in _NO_YEAR:
        return None
    return int(number) if len(number) == 4 else 1900 + int(number)


def exists(day: BirthDate) -> bool:
    """Return whether the calendar has this day."""
    with suppress(ValueError):
        return bool(date(day.year or LEAP_YEAR, day.month, day.day))
    return False


def prove_order(given: str) -> DayOrder | None:
    """Return the order of day and month that this text proves, as 25/12/1980 does, or None."""
    if match := _NUMBERS.fullmatch(given):
        first, second = match[1], match[3]
        if len(first) > 2 or not _is_year(match[4]):
            return None
    elif match := _TWO_NUMBERS.fullmatch(given):
        first, second = match[1], match[3]
    else:
        return None
    if 12 < int(first) <= 31 and 1 <= int(second) <= 12:
        return DayOrder.DAY_FIRST
    if 12 < int(second) <= 31 and 1 <= int(first) <= 12:
        return DayOrder.MONTH_FIRST
    return None


def depends_on_order(given: str) -> bool:
    """Return whether this text is another day if day and month change places."""
    if match := _NUMBERS.fullmatch(given):
        return len(match[1]) <= 2 and match[1] != match[3]
    return _TWO_NUMBERS.fullmatch(given) is not None
