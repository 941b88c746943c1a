"""Birthdays as files write them. What can be read in one way only is read, never guessed."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from db.imports.days import readings
from db.imports.days.instants import find_day, find_day_without_zone
from db.imports.days.readings import LEAP_YEAR, DayOrder, exists, list_days
from db.imports.entries import BirthDate, ReadContext
from worker.rules.dates.date_range import FIRST_DAY


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


_NOTHING: Final = ReadBirthday()
_MAX_CHARS: Final = 100
_EMPTY: Final = frozenset(
    ["n/a", "na", "none", "null", "nil", "nan", "nat", "unknown", "undefined", "?", "??", "-", "--", "---",
     "\u2013", "\u2014", "1900-01-00", "4501-01-01", "1/1/4501", "01/01/4501"]
)  # fmt: skip
"""What programs write for no date; the last ones are Excel's and Outlook's."""
_ZEROS: Final = re.compile(r"[0/.\-: T]*")
_STAND_INS: Final = {date(1900, 1, 1), date(1904, 1, 1)}
"""The first day of SQL Server's and of Excel's calendars. Earlier ones are before 1900 anyway."""
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
_BARE_T: Final = re.compile(
    r"(?P<day>[\d-]{6,10})T.*|(?P<zoned>\d{4}-\d\d-\d\d)(?:Z|[+-]\d\d:\d\d)", re.IGNORECASE
)

_EPOCH: Final = re.compile(r"-?\d{9,13}")
_EPOCH_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_WITHOUT_DAY: Final = re.compile(r"\d{4}(?:[-/.]\d{1,2})?|--?\d{2}|---\d{2}")
_MONTH_AND_NUMBER: Final = re.compile(r"[^\W\d]+\.?-\d{2}")
"""Mar-05: Excel's for March 2005, others' for 5 March."""


def read_birthday(text: str, context: ReadContext, order: DayOrder | None = None) -> ReadBirthday:
    """Read a birthday in any form that can be read in one way only.

    `order` is that of the column, where its other values tell. A time of day is left out, unless the moment
    may be the midnight of another day.
    """
    if len(text) > _MAX_CHARS:
        return ReadBirthday(problem=f"the birthday {_quoted(text)} was left out: it isn't a date")
    return _read(text, context.today, context.zone, order)


def find_order(text: str) -> DayOrder | None:
    """Return the order of day and month that this text proves, as 25/12/1980 does, or None."""
    return readings.prove_order(_day_part(_to_plain(text))) if len(text) <= _MAX_CHARS else None


def depends_on_order(text: str) -> bool:
    """Return whether this text is another day if day and month change places."""
    return len(text) <= _MAX_CHARS and readings.depends_on_order(_day_part(_to_plain(text)))


@lru_cache(maxsize=10_000)  # a table has many people for each day
def _read(text: str, today: date, zone: ZoneInfo, order: DayOrder | None) -> ReadBirthday:
    given = _to_plain(text)
    if not given or given.casefold() in _EMPTY or _ZEROS.fullmatch(given):
        return _NOTHING
    days = list(list_days(_day_part(given), order))
    if _EPOCH.fullmatch(given) and not any(map(exists, days)):
        found = find_day(_EPOCH_FIRST + timedelta(milliseconds=_to_milliseconds(given)), [zone])
        days = [BirthDate(on.month, on.day, on.year) for on in ([found.day] if found.day else found.possible)]
    real = [day for day in days if exists(day)]
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


def _to_milliseconds(given: str) -> int:
    """Return a number of seconds (9 or 10 digits) or milliseconds since 1970 in milliseconds."""
    return int(given) * (1000 if len(given.strip("-")) <= 10 else 1)


def _to_plain(text: str) -> str:
    """Return the text with ASCII digits and single spaces."""
    plain = unicodedata.normalize("NFKC", text)
    digits = (str(unicodedata.decimal(sign)) if sign.isdecimal() else sign for sign in plain)
    return " ".join("".join(digits).split()).strip("'\"")


def _match_time(given: str) -> re.Match[str] | None:
    return _TIME.fullmatch(given) or _COMPACT_TIME.fullmatch(given)


def _day_part(given: str) -> str:
    if match := _match_time(given):
        return match["day"].rstrip(" ,")
    if match := _BARE_T.fullmatch(given):
        return match["day"] or match["zoned"]
    return given


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
    year = day.year or LEAP_YEAR
    return datetime(year, day.month, day.day, hour, int(match["minute"]), int(match["second"] or 0))  # noqa: DTZ001 -- its zone is the question


def _shift(day: BirthDate, by: timedelta) -> BirthDate:
    moved = date(day.year or LEAP_YEAR, day.month, day.day) + by
    return BirthDate(moved.month, moved.day, moved.year if day.year else None)


def _find_fault(day: BirthDate, today: date) -> str:
    if day.year is None:
        return ""
    on = date(day.year, day.month, day.day)
    if on < FIRST_DAY:
        return f"it is before {FIRST_DAY.year}"
    if on > today:
        return "it is in the future"
    return "programs write this for an unknown date" if on in _STAND_INS else ""


def _explain(given: str, days: list[BirthDate], real: list[BirthDate], today: date) -> str:
    if real:
        return _find_fault(real[0], today)
    if days:
        return "it isn't a day of the calendar"
    if _WITHOUT_DAY.fullmatch(given) or re.fullmatch(r"[^\W\d]+[. -]*\d{2,4}", given):
        return "it has no day"
    if re.fullmatch(r"\d{1,2}[/.\- ]\d{1,2}[/.\- ]\d{1,2}|\d{6}", given):
        return "its day and its year can't be told apart: write it as 1980-12-31 or 12-31"
    return "it isn't a date that can be read: write it as 1980-12-31 or 12-31"


def _quoted(text: str) -> str:
    """Return the first 40 characters in quotation marks, with ? for unprintable ones."""
    shown = "".join(sign if sign.isprintable() else "?" for sign in text[:40])
    return repr(shown if len(text) <= 40 else f"{shown}…")
