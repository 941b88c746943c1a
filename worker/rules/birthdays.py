"""Birthdays: on which date each is celebrated, and which are recent.

29 February is celebrated on 28 February in a year without one. The greeting then comes on the last day of
the birth month, never a month late.
"""

import calendar
from datetime import date, timedelta

from worker.rules.model import Birthday


def birthday_in(birthday: Birthday, year: int) -> date:
    """Return the date on which `birthday` is celebrated in `year`."""
    if (birthday.month, birthday.day) == (2, 29) and not calendar.isleap(year):
        return date(year, 2, 28)
    return date(year, birthday.month, birthday.day)


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
