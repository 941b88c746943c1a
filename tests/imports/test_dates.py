"""Dates in import files: which texts are birthdays and connection dates, and why others are refused."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.imports.days.dates import parse_birth_date, parse_date
from db.imports.entries import BirthDate, UnreadableEntryError
from tests.imports.files import TODAY


@pytest.mark.parametrize(
    ("text", "birthday"),
    [
        ("1980-03-05", BirthDate(3, 5, 1980)),
        ("19800305", BirthDate(3, 5, 1980)),
        ("1980-03-05T00:00:00Z", BirthDate(3, 5, 1980)),
        (" --03-05", BirthDate(3, 5)),
        ("--0305", BirthDate(3, 5)),
        ("03-05", BirthDate(3, 5)),
        ("3-5", BirthDate(3, 5)),
        ("--02-29", BirthDate(2, 29)),
        ("1604-02-29", BirthDate(2, 29)),
        ("0000-03-05", BirthDate(3, 5)),
        ("2024-02-29", BirthDate(2, 29, 2024)),
        ("2026-11-24", BirthDate(11, 24, 2026)),
        ("", None),
        ("1980", None),
        ("1980-03", None),
        ("---05", None),
    ],
)
def test_a_birthday_is_read(text: str, birthday: BirthDate | None) -> None:
    assert parse_birth_date(text, TODAY) == birthday


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("03/04/1980", "two ways"),
        ("25/12/1980", "two ways"),
        ("3.4.1980", "two ways"),
        ("03-04-1980", "two ways"),
        ("1981-02-29", "no calendar"),
        ("02-30", "no calendar"),
        ("13-01", "no calendar"),
        ("2026-11-25", "yet to come"),
        ("1899-12-31", "before 1900"),
        ("next Tuesday\0", "no date"),
    ],
)
def test_a_birthday_that_is_none_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(UnreadableEntryError, match=why) as told:
        parse_birth_date(text, TODAY)
    assert str(told.value).isprintable()


@given(st.dates(date(1900, 1, 1), TODAY))
def test_every_day_is_read_as_it_is_written(born: date) -> None:
    known = BirthDate(born.month, born.day, born.year)
    assert parse_birth_date(born.isoformat(), TODAY) == parse_birth_date(f"{born:%Y%m%d}", TODAY) == known
    assert (
        parse_birth_date(f"--{born:%m%d}", TODAY)
        == parse_birth_date(f"{born:%m-%d}", TODAY)
        == BirthDate(born.month, born.day)
    )


@pytest.mark.parametrize(
    ("text", "on"),
    [
        ("21 Nov 2026", date(2026, 11, 21)),
        ("1 févr. 2026", date(2026, 2, 1)),
        ("1 juil. 2026", date(2026, 7, 1)),
        ("1 juin 2026", date(2026, 6, 1)),
        ("3. März 2025", date(2025, 3, 3)),
        ("3 de diciembre de 2025", date(2025, 12, 3)),
        ("11/21/17, 3:45 PM", date(2017, 11, 21)),
        ("2026-11-21", date(2026, 11, 21)),
        ("1900-01-01", date(1900, 1, 1)),
        ("2200-12-31", date(2200, 12, 31)),
        ("1899-12-31", None),
        ("0001-01-01", None),
        ("1 Jan 9999", None),
        ("1/1/2201, 3:45 PM", None),
        ("31 Feb 2026", None),
        ("sometime", None),
        ("", None),
    ],
)
def test_a_date_of_connection_is_read_or_left_out(text: str, on: date | None) -> None:
    assert parse_date(text) == on
