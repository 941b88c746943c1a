"""Dates in import files: which texts are birthdays and connection dates, and why others are left out."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.imports.days import month_names
from db.imports.days.birth_dates import ReadBirthday, find_order, read_birthday
from db.imports.days.dates import parse_date
from db.imports.days.readings import DayOrder
from db.imports.entries import BirthDate, ReadContext
from tests.imports.files import PARIS, TODAY

CONTEXT = ReadContext(TODAY, PARIS)
MARCH_5 = BirthDate(3, 5, 1980)


def read(text: str, order: DayOrder | None = None) -> ReadBirthday:
    return read_birthday(text, CONTEXT, order)


@pytest.mark.parametrize(
    ("text", "birthday"),
    [
        *((text, MARCH_5) for text in (
            "1980-03-05", "19800305", "1980-3-5", "1980/03/05", "1980.03.05.", "1980-03-05T00:00:00Z",
            "1980-03-05T", "1980-03-05 00:00:00", "1980-03-05T00:00:00.000+0000", "1980/3/5 0:00",
            "5 March 1980", "March 5th, 1980", "1980-03-05 09:15", "5 Mart 1980",
            "5. März 1980", "le 5 mars 1980", "5 de marzo de 1980", "5-Mar-80", "80-03-05", "Wed, 5 Mar 1980",
            "Wed Mar 05 1980 00:00:00 GMT+0100 (CET)", "5 марта 1980 года", "1980年3月5日", "1980년 3월 5일",
            "\u0665 مارس \u0661\u0669\u0668\u0660", "५ मार्च १९८०", "1980. március 5.",
            "ngày 5 tháng 3 năm 1980", "5.III.1980", "5 III 1980",
        )),
        ("25/12/1980", BirthDate(12, 25, 1980)),
        ("12/25/80", BirthDate(12, 25, 1980)),
        ("25.12.", BirthDate(12, 25)),
        ("05/05/1980", BirthDate(5, 5, 1980)),
        ("20031980", BirthDate(3, 20, 1980)),
        ("1980-03-04T23:00:00Z", MARCH_5),
        ("1980-07-04T22:00:00Z", BirthDate(7, 5, 1980)),
        ("19730928T000000+0100", BirthDate(9, 28, 1973)),
        ("19730927T230000-0500", BirthDate(9, 27, 1973)),
        (" --03-05", BirthDate(3, 5)),
        ("--0305", BirthDate(3, 5)),
        ("03-05", BirthDate(3, 5)),
        ("3-5", BirthDate(3, 5)),
        ("13-01", BirthDate(1, 13)),
        ("5-Mar", BirthDate(3, 5)),
        ("29 février", BirthDate(2, 29)),
        ("--02-29", BirthDate(2, 29)),
        ("1604-02-29", BirthDate(2, 29)),
        ("0000-03-05", BirthDate(3, 5)),
        ("????-03-05", BirthDate(3, 5)),
        ("--3-5", BirthDate(3, 5)),
        ("321062400000", MARCH_5),
        ("321058800", MARCH_5),
        ("-252460800000", BirthDate(1, 1, 1962)),
        ("1980-03-05+01:00", MARCH_5),
        ("'1980-03-05", MARCH_5),
        ("Mar  5 1980 12:00AM", MARCH_5),
        ("2024-02-29", BirthDate(2, 29, 2024)),
        ("2026-11-24", BirthDate(11, 24, 2026)),
    ],
)  # fmt: skip
def test_a_date_that_can_be_read_in_one_way_is_read(text: str, birthday: BirthDate) -> None:
    assert read(text) == ReadBirthday(birthday)


@pytest.mark.parametrize(
    "text",
    ["", " ", "N/A", "-", "—", "null", "0/0/00", "00.00.0000", "0000-00-00", "0000-00-00 00:00:00",
     "1900-01-00", "4501-01-01", "?"],
)  # fmt: skip
def test_a_programs_stand_in_is_no_date(text: str) -> None:
    assert read(text) == ReadBirthday()


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("03/04/1980", [(3, 4), (4, 3)]),
        ("3.4.1980", [(3, 4), (4, 3)]),
        ("03-04-1980", [(3, 4), (4, 3)]),
        ("3/4", [(3, 4), (4, 3)]),
        ("29285", [(3, 5), (3, 6)]),
        ("1980-03-04T11:00:00Z", [(3, 4), (3, 5)]),
        ("19800304T183000Z", [(3, 4), (3, 5)]),
        ("19560411230000", [(4, 11), (4, 12)]),
        ("1980-12-31 23:00:00", [(1, 1), (12, 31)]),
        ("5 listopad 1980", [(10, 5), (11, 5)]),
        ("Mar-05", [(3, 5)]),
    ],
)
def test_a_day_that_is_uncertain_is_asked_about(text: str, days: list[tuple[int, int]]) -> None:
    told = read(text)
    assert (told.birthday, told.problem) == (None, "")
    assert sorted((day.month, day.day) for day in told.possible) == days


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("1981-02-29", "a day of the calendar"),
        ("02-30", "a day of the calendar"),
        ("31/04/1980", "a day of the calendar"),
        ("2026-11-25", "in the future"),
        ("2523-03-05", "in the future"),
        ("1899-12-31", "before 1900"),
        ("0001-03-05", "before 1900"),
        ("1900-01-01", "unknown date"),
        ("1980", "has no day"),
        ("1980-03", "has no day"),
        ("March 1980", "has no day"),
        ("---05", "has no day"),
        ("05/03/12", "can't be told apart"),
        ("050380", "can't be told apart"),
        ("next Tuesday\0", "isn't a date"),
        ("昭和55年3月5日", "isn't a date"),
    ],
)
def test_a_date_that_is_none_is_left_out_with_the_reason(text: str, why: str) -> None:
    told = read(text)
    assert (told.birthday, told.possible) == (None, ())
    assert why in told.problem
    assert told.problem.isprintable()


@given(st.dates(date(1904, 1, 2), TODAY))
def test_every_day_is_read_as_it_is_written(born: date) -> None:
    known = ReadBirthday(BirthDate(born.month, born.day, born.year))
    for written in (f"{born:%Y-%m-%d}", f"{born:%Y%m%d}", f"{born:%Y/%m/%d}", f"{born.day} {born:%B %Y}"):
        assert read(written) == known
    without = ReadBirthday(BirthDate(born.month, born.day))
    assert read(f"--{born:%m%d}") == read(f"{born:%m-%d}") == without


@given(st.dates(date(1904, 1, 2), TODAY), st.sampled_from("/.-"))
def test_the_order_of_a_column_settles_each_of_its_dates(born: date, between: str) -> None:
    by_day = f"{born.day:02}{between}{born.month:02}{between}{born.year}"
    by_month = f"{born.month:02}{between}{born.day:02}{between}{born.year}"
    known = ReadBirthday(BirthDate(born.month, born.day, born.year))
    assert read(by_day, DayOrder.DAY_FIRST) == read(by_month, DayOrder.MONTH_FIRST) == known
    assert find_order(by_day) in {None, DayOrder.DAY_FIRST}
    assert find_order(by_month) in {None, DayOrder.MONTH_FIRST}


def test_no_english_month_is_another_one_in_another_language() -> None:
    for word, months in month_names._english().items():
        assert month_names._names()[word] == months, word


@given(st.text(max_size=30))
def test_no_text_upsets_it_or_is_both_read_and_asked_about(text: str) -> None:
    told = read(text)
    assert [bool(told.birthday), bool(told.possible), bool(told.problem)].count(True) <= 1


@pytest.mark.parametrize(
    ("text", "on"),
    [
        ("21 Nov 2026", date(2026, 11, 21)),
        ("1 févr. 2026", date(2026, 2, 1)),
        ("1 juil. 2026", date(2026, 7, 1)),
        ("1 juin 2026", date(2026, 6, 1)),
        ("3. März 2025", date(2025, 3, 3)),
        ("3 de diciembre de 2025", date(2025, 12, 3)),
        ("21 нояб. 2026", date(2026, 11, 21)),
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
