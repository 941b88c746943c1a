"""Birthdays as files write them. What can be read in one way only is read, never guessed."""

import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from db.imports.days.instants import find_day, find_day_without_zone
from db.imports.days.month_names import find_months, is_weekday
from db.imports.entries import BirthDate, ReadContext
from worker.rules.date_range import FIRST_DAY


class DayOrder(Enum):
    """Which of day and month comes first in the dates of a column."""

    DAY_FIRST = "day first"
    MONTH_FIRST = "month first"


@dataclass(frozen=True, slots=True)
class ReadBirthday:
    """What a text says: a birthday, or days among which a person chooses, or why it is neither.

    All are empty for an empty text and for a program's stand-in, such as `0/0/00`.
    """

    birthday: BirthDate | None = None
    possible: tuple[BirthDate, ...] = ()
    problem: str = ""

    @property
    def lost(self) -> tuple[str, ...]:
        """The problem as a `Person` has it."""
        return (self.problem,) if self.problem else ()


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_NOTHING: Final = ReadBirthday()
_EMPTY: Final = _words("""
    n/a na none null nil nan nat - -- --- — – ? ?? unknown undefined 1900-01-00 4501-01-01 1/1/4501
    01/01/4501
""")  # noqa: RUF001 -- other scripts are meant
_ZEROS: Final = re.compile(r"[0/.\-: T]*")
_STAND_INS: Final = {date(1900, 1, 1), date(1904, 1, 1)}
"""The first day of SQL Server's and of Excel's calendars. Earlier ones are before 1900 anyway."""
_NO_YEAR: Final = frozenset({0, 1604})
"""Years that stand for an unknown one; 1604 is Apple's."""
_LEAP_YEAR: Final = 2000

_TIME: Final = re.compile(
    r"(?P<day>.*?\d.*?)(?:[T ,]+)(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?"
    r"\s*(?P<half>[ap]\.?m\.?)?\s*(?P<zone>Z|UTC|GMT|(?:GMT|UTC)?[+-]\d{2}:?\d{2})?(?:\s*\(.*\))?",
    re.IGNORECASE,
)
_COMPACT_TIME: Final = re.compile(
    r"(?P<day>\d{8}|\d{4}-\d{2}-\d{2}|--\d{2}-?\d{2})T?"
    r"(?:(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})?(?:\.\d+)?)(?P<zone>Z|[+-]\d{2}:?\d{2})?",
    re.IGNORECASE,
)
_BARE_T: Final = re.compile(r"(?P<day>[\d-]{6,10})T.*", re.IGNORECASE)

_NUMBERS: Final = re.compile(r"(\d{1,4}|[x?*]{4})([/.\- ])\s?(\d{1,2})\2\s?(\d{1,4})\.?", re.IGNORECASE)
_TWO_NUMBERS: Final = re.compile(r"(\d{1,2})([/.\-])\s?(\d{1,2})\.?")
_WITHOUT_YEAR: Final = re.compile(r"--?(\d{2})-?(\d{2})")
_MONTH_AND_NUMBER: Final = re.compile(r"[^\W\d]+\.?-\d{2}")
"""Mar-05: Excel's for March 2005, others' for 5 March."""
_DIGITS: Final = re.compile(r"(\d{4})(\d{2})(\d{2})")
_EAST_ASIAN: Final = re.compile(r"(?:(\d{4}) ?[年년] ?)?(\d{1,2}) ?[月월] ?(\d{1,2}) ?[日일号號]?")
_VIETNAMESE: Final = re.compile(
    r"(?:ngày )?(\d{1,2}) (?:tháng|thg) (\d{1,2})(?:,? (?:năm )?(\d{4}))?", re.IGNORECASE
)
_WITHOUT_DAY: Final = re.compile(r"\d{4}(?:[-/.]\d{1,2})?|--?\d{2}|---\d{2}")
_SERIAL: Final = re.compile(r"[1-4]\d{4}(?:\.0+)?")
_EXCEL_FIRST: Final = date(1899, 12, 30)
_EXCEL_MAC_FIRST: Final = date(1904, 1, 1)
_TOKEN: Final = re.compile(r"\d+|[^\W\d_](?:[^\W\d_]|[\u0300-\u036f\u0900-\u0dff.'\u2019])*")
_FILLERS: Final = _words("""
    of the de del den der le la el al di do dia em st nd rd th er e o a ième eme г р року год года g r d
    m y г. р. в ב ה של وا من في
""")  # noqa: RUF001 -- other scripts are meant
"""Words around a date: articles, ordinal endings, `year`."""


def read_birthday(text: str, context: ReadContext, order: DayOrder | None = None) -> ReadBirthday:
    """Read a birthday in any form that can be read in one way only.

    `order` is that of the column, where its other values tell. A time of day is left out, unless the moment
    may be the midnight of another day.
    """
    return _read(text, context.today, context.zone, order)


def find_order(text: str) -> DayOrder | None:
    """Return the order of day and month that this text proves, as 25/12/1980 does, or None."""
    given = _day_part(_to_plain(text))
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


def depends_on_order(text: str) -> bool:
    """Return whether this text is another day if day and month change places."""
    given = _day_part(_to_plain(text))
    if match := _NUMBERS.fullmatch(given):
        return len(match[1]) <= 2 and match[1] != match[3]
    return _TWO_NUMBERS.fullmatch(given) is not None


@lru_cache(maxsize=10_000)  # a table has many people for each day
def _read(text: str, today: date, zone: ZoneInfo, order: DayOrder | None) -> ReadBirthday:
    given = _to_plain(text)
    if not given or given.casefold() in _EMPTY or _ZEROS.fullmatch(given):
        return _NOTHING
    days = list(_list_days(_day_part(given), order))
    real = [day for day in days if _exists(day)]
    usable = [day for day in real if not _find_fault(day, today)]
    if not usable:
        why = _explain(given, days, real, today)
        return ReadBirthday(problem=f"the birthday {_quoted(given)} was left out: {why}")
    moments = [_apply_time(day, given, zone) for day in usable]
    possible = tuple({(day.month, day.day): day for _, meant in moments for day in meant}.values())
    certain = len(possible) == 1 and all(is_certain for is_certain, _ in moments)
    if certain and not _MONTH_AND_NUMBER.fullmatch(given):
        return ReadBirthday(possible[0])
    return ReadBirthday(possible=possible)


def _to_plain(text: str) -> str:
    """Return the text with ASCII digits and single spaces."""
    plain = unicodedata.normalize("NFKC", text)
    digits = (str(unicodedata.decimal(sign)) if sign.isdecimal() else sign for sign in plain)
    return " ".join("".join(digits).split())


def _match_time(given: str) -> re.Match[str] | None:
    return _TIME.fullmatch(given) or _COMPACT_TIME.fullmatch(given)


def _day_part(given: str) -> str:
    match = _match_time(given) or _BARE_T.fullmatch(given)
    return match["day"].rstrip(" ,") if match else given


def _apply_time(day: BirthDate, given: str, zone: ZoneInfo) -> tuple[bool, tuple[BirthDate, ...]]:
    """Return whether a time of day leaves the day certain, and the days that it may be."""
    match = _match_time(given)
    if match is None:
        return True, (day,)
    try:
        moment = _read_moment(day, match)
    except ValueError:
        return False, (day,)
    offset = (match["zone"] or "").upper()
    if offset in {"Z", "UTC", "GMT"}:
        found = find_day(moment.replace(tzinfo=UTC), [zone])
    elif offset:
        return True, (day,)
    else:
        found = find_day_without_zone(moment)
    shifts = [on - moment.date() for on in ([found.day] if found.day else found.possible)]
    return found.day is not None, tuple(_shift(day, by) for by in shifts)


def _read_moment(day: BirthDate, match: re.Match[str]) -> datetime:
    hour = int(match["hour"])
    half = match.groupdict().get("half") or ""
    if half and 1 <= hour <= 12:
        hour = hour % 12 + (12 if half[0] in "pP" else 0)
    year = day.year or _LEAP_YEAR
    return datetime(year, day.month, day.day, hour, int(match["minute"]), int(match["second"] or 0))  # noqa: DTZ001 -- its zone is the question


def _shift(day: BirthDate, by: timedelta) -> BirthDate:
    moved = date(day.year or _LEAP_YEAR, day.month, day.day) + by
    return BirthDate(moved.month, moved.day, moved.year if day.year else None)


def _list_days(given: str, order: DayOrder | None) -> Iterator[BirthDate]:
    """Yield every reading of a date; they may lie outside the calendar."""
    if match := _WITHOUT_YEAR.fullmatch(given):
        yield BirthDate(int(match[1]), int(match[2]))
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
    if _exists(whole) and (whole.year is None or year >= FIRST_DAY.year):
        yield whole
        return
    last = [*_in_order(int(given[:2]), int(given[2:4]), int(given[4:]), order)]
    yield from (last if any(map(_exists, last)) and int(given[4:]) >= FIRST_DAY.year else [whole])


def _in_order(first: int, second: int, year: int | None, order: DayOrder | None) -> Iterator[BirthDate]:
    """Yield the readings as day and month; if only one of the two orders is a day, that one."""
    by_day, by_month = BirthDate(second, first, year), BirthDate(first, second, year)
    if order is DayOrder.DAY_FIRST and _exists(by_day):
        yield by_day
    elif order is DayOrder.MONTH_FIRST and _exists(by_month):
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


def _exists(day: BirthDate) -> bool:
    with suppress(ValueError):
        return bool(date(day.year or _LEAP_YEAR, day.month, day.day))
    return False


def _find_fault(day: BirthDate, today: date) -> str:
    if day.year is None:
        return ""
    on = date(day.year, day.month, day.day)
    if on < FIRST_DAY:
        return f"it is before {FIRST_DAY.year}"
    if on > today:
        return "it is yet to come"
    return "programs write it for an unknown date" if on in _STAND_INS else ""


def _explain(given: str, days: list[BirthDate], real: list[BirthDate], today: date) -> str:
    if real:
        return _find_fault(real[0], today)
    if days:
        return "it is a day that no calendar has"
    if _WITHOUT_DAY.fullmatch(given) or re.fullmatch(r"[^\W\d]+[. -]*\d{2,4}", given):
        return "it names no day"
    if re.fullmatch(r"\d{1,2}[/.\- ]\d{1,2}[/.\- ]\d{1,2}|\d{6}", given):
        return "its year can't be told from its day: write it as 1980-12-31 or 12-31"
    return "it is no date that can be read: write it as 1980-12-31 or 12-31"


def _quoted(text: str) -> str:
    """Return the first 40 characters, with ? for unprintable ones, for a text for people."""
    shown = "".join(sign if sign.isprintable() else "?" for sign in text[:40])
    return shown if len(text) <= 40 else f"{shown}…"
