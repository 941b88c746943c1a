"""The times that rows of the inbox show: a clock for today, a day before, a date for older ones."""

import re
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

from worker.browser.linkedin.ages import find_date, find_days
from worker.browser.linkedin.words import LANGUAGES, fold, load_words

_CLOCK: Final = re.compile(
    r"(?<![\d:.])(?P<hour>\d{1,2})(?:[:.h]| h )(?P<minute>\d{2})(?::\d{2})?"
    r"\s*(?P<half>[ap]\.?\s?m\b\.?)?(?!\d)"
)
_MINUTE: Final = timedelta(minutes=1)
_DAY: Final = timedelta(days=1)


def read_row_time(
    text: str, language: str | None, now: datetime, zone: ZoneInfo
) -> tuple[datetime, datetime] | None:
    """Return the first and the last instant that a time in `zone` can mean, or None if it can't be read.

    The last is never after `now`.
    """
    here = now.astimezone(zone)
    day = _find_day(text, language, here.date())
    clock = _find_clock(text)
    if clock is not None:
        first = datetime.combine(day or here.date(), clock, zone)
        if first > here and day is None:
            first -= _DAY  # shown before midnight
        return first, min(first + _MINUTE - timedelta.resolution, here)
    if day is None:
        return None
    first = datetime.combine(day, time(), zone)
    return first, min(datetime.combine(day + _DAY, time(), zone) - timedelta.resolution, here)


def _find_clock(text: str) -> time | None:
    match = _CLOCK.search(fold(text))
    if match is None:
        return None
    hour, minute = int(match["hour"]), int(match["minute"])
    if match["half"]:
        hour = hour % 12 + (12 if match["half"].startswith("p") else 0)
    return time(hour, minute) if hour < 24 and minute < 60 else None


def _find_day(text: str, language: str | None, today: date) -> date | None:
    without = _CLOCK.sub(" ", fold(text)).strip(" ,")
    if not without:
        return None
    days = find_days(without, language)
    if days is not None:
        return today - timedelta(days=days)
    weekday = _weekdays(language).get(without.rstrip("."))
    if weekday is not None:
        # the same weekday is a week ago: today's messages show the clock
        return today - timedelta(days=(today.weekday() - weekday) % 7 or 7)
    return find_date(without, language, today)


@cache
def _weekdays(language: str | None) -> dict[str, int]:
    """Return the names of weekdays, Monday is 0, and their beginnings of two letters or more, if unique."""
    names: dict[str, set[int]] = {}
    for each in dict.fromkeys((language, "en")):
        if each not in LANGUAGES or each is None:
            continue
        for number, name in enumerate(map(fold, load_words()["weekdays"][each])):
            for length in range(2, len(name) + 1):
                names.setdefault(name[:length], set()).add(number)
    return {name: numbers.pop() for name, numbers in names.items() if len(numbers) == 1}
