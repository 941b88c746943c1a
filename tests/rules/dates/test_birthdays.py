"""Who is greeted when, by a plain definition that doesn't use the rule's arithmetic."""

import calendar
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.rules.dates.birthdays import birthday_in, birthday_occasion, recent_birthdays
from worker.rules.model import Birthday

EVERY_BIRTHDAY = [
    Birthday(month, day)
    for month in range(1, 13)
    for day in range(1, calendar.monthrange(2024, month)[1] + 1)
]
FOUR_YEARS = [date(2027, 1, 1) + timedelta(days=n) for n in range(4 * 365 + 1)]


def is_the_day(birthday: Birthday, day: date) -> bool:
    """The same day and month, or the last day of a short February."""
    if birthday == Birthday(2, 29) and not calendar.isleap(day.year):
        return (day.month, day.day) == (2, 28)
    return (day.month, day.day) == (birthday.month, birthday.day)


def test_the_four_years_hold_a_leap_year_and_every_birthday_is_there_once() -> None:
    assert FOUR_YEARS[-1] == date(2030, 12, 31)
    assert sum(day == date(2028, 2, 29) for day in FOUR_YEARS) == 1
    assert len(set(EVERY_BIRTHDAY)) == 366


@pytest.mark.parametrize("late_days", [0, 1, 10])
def test_celebrated_agrees_with_the_plain_definition_on_every_day_of_four_years(late_days: int) -> None:
    by_day = {
        day: {birthday for birthday in EVERY_BIRTHDAY if is_the_day(birthday, day)}
        for day in [FOUR_YEARS[0] - timedelta(days=n) for n in range(1, late_days + 1)] + FOUR_YEARS
    }
    for today in FOUR_YEARS:
        expected = {
            birthday: today - timedelta(days=ago)
            for ago in range(late_days + 1)
            for birthday in by_day[today - timedelta(days=ago)]
        }
        assert recent_birthdays(today, late_days) == expected


def test_every_birthday_is_celebrated_exactly_once_in_every_year() -> None:
    for year in (2027, 2028, 2029, 2030, 2100):
        days = [date(year, 1, 1) + timedelta(days=n) for n in range(366 if calendar.isleap(year) else 365)]
        seen = [birthday for day in days for birthday in recent_birthdays(day, 0)]
        assert sorted(seen, key=repr) == sorted(EVERY_BIRTHDAY, key=repr)


@given(st.sampled_from(EVERY_BIRTHDAY), st.integers(1900, 2200))
def test_a_birthday_stays_in_its_month_and_its_year(birthday: Birthday, year: int) -> None:
    day = birthday_in(birthday, year)
    assert (day.year, day.month) == (year, birthday.month)
    assert is_the_day(birthday, day)


def test_29_february_is_celebrated_on_the_28th_without_one_and_on_its_day_with_one() -> None:
    leap_child = Birthday(2, 29)
    assert recent_birthdays(date(2027, 2, 28), 0) == {
        Birthday(2, 28): date(2027, 2, 28),
        leap_child: date(2027, 2, 28),
    }
    assert leap_child not in recent_birthdays(date(2027, 3, 1), 0)
    assert leap_child not in recent_birthdays(date(2028, 2, 28), 0)
    assert recent_birthdays(date(2028, 2, 29), 0) == {leap_child: date(2028, 2, 29)}


def test_a_late_greeting_on_2_january_belongs_to_the_old_year_and_leaves_the_next_birthday_free() -> None:
    """V1 noted the year of sending, so the 30 December that followed was 'already greeted' (defect 12)."""
    late = recent_birthdays(date(2027, 1, 2), 3)[Birthday(12, 30)]
    in_time = recent_birthdays(date(2027, 12, 30), 3)[Birthday(12, 30)]
    assert late == date(2026, 12, 30)
    assert birthday_occasion(late) == "birthday:2026"
    assert birthday_occasion(in_time) == "birthday:2027"


@given(st.dates(date(2000, 1, 1), date(2100, 12, 31)), st.integers(0, 30))
def test_however_late_one_birthday_has_one_occasion(on: date, late_days: int) -> None:
    birthday = Birthday(on.month, on.day)
    told = {
        birthday_occasion(recent_birthdays(on + timedelta(days=ago), late_days)[birthday])
        for ago in range(late_days + 1)
    }
    assert told == {f"birthday:{on.year}"}
