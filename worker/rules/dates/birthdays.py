"""Birthdays: on which date each is celebrated, and which are recent.

29 February is celebrated on 28 February in a year without one. The greeting then comes on the last day of
the birth month, never a month late.
"""

import calendar
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, timedelta

from worker.rules.model import Birthday


def birthday_in(birthday: Birthday, year: int) -> date:
    """Return the date on which `birthday` is celebrated in `year`."""
    if (birthday.month, birthday.day) == (2, 29) and not calendar.isleap(year):
        return date(year, 2, 28)
    return date(year, birthday.month, birthday.day)


def next_birthday(birthday: Birthday, today: date) -> date | None:
    """Return the first day from `today` on at which `birthday` is celebrated; None for one like 31 April."""
    try:
        on = birthday_in(birthday, today.year)
    except ValueError:
        return None
    return on if on >= today else birthday_in(birthday, today.year + 1)


def count_celebrated(counts: Mapping[Birthday, int], year: int) -> Mapping[date, int]:
    """Return how many birthdays are celebrated on each day of `year`, without days that have none.

    `counts` is how many people have each birthday. One that no year has, such as 31 April, is left out.
    """
    celebrated: dict[date, int] = {}
    for birthday, count in counts.items():
        with suppress(ValueError):
            on = birthday_in(birthday, year)
            celebrated[on] = celebrated.get(on, 0) + count
    return celebrated


def recent_birthdays(today: date, late_days: int) -> dict[Birthday, date]:
    """Return the birthdays celebrated today or at most `late_days` days ago, each with its date.

    The turn of the year needs no special case: on 2 January, 30 December is three days ago.
    """
    days = (today - timedelta(days=ago) for ago in range(late_days + 1))
    return {birthday: day for day in days for birthday in _celebrated_on(day)}


def _celebrated_on(day: date) -> tuple[Birthday, ...]:
    own = Birthday(day.month, day.day)
    leap_day = Birthday(2, 29)
    return (own, leap_day) if own != leap_day and birthday_in(leap_day, day.year) == day else (own,)


def birthday_occasion(on: date) -> str:
    """Return the occasion of a birthday celebrated on `on`. Its year is the birthday's, not the sending's."""
    return f"birthday:{on.year}"
