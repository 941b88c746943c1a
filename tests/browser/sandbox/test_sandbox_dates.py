"""Dates on profiles are parsed to the original dates, in both languages, short and in full."""

# ruff: noqa: RUF001 -- pages contain these dashes

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_stub.sandbox.formatting import PageFormat
from api_stub.sandbox.population.profiles import Job, School
from worker.browser.sandbox.dates import parse_span, parse_years

months = st.dates(date(1950, 1, 1), date(2027, 1, 1)).map(lambda day: day.replace(day=1))
shown = st.builds(PageFormat, st.sampled_from(["en", "fr"]), st.just(date(2027, 1, 3)), st.booleans())


@given(shown, months, st.none() | months, st.booleans())
def test_what_is_shown_is_read(page: PageFormat, began: date, ended: date | None, months_told: bool) -> None:
    form = "%Y-%m" if months_told else "%Y"
    job = Job("title", "company", began.strftime(form), ended.strftime(form) if ended else None)
    line = f"{page.month(job.started or '')} – {page.end(job)}"
    known = (began, ended) if months_told else (_january(began), ended and _january(ended))
    assert parse_span(line) == known
    if ended is None or ended >= began:
        assert parse_span(f"{line} · {page.length(job)}") == known


@given(st.none() | st.integers(1950, 2027), st.none() | st.integers(1950, 2027))
def test_years_that_are_shown_are_read(began: int | None, ended: int | None) -> None:
    page = PageFormat("en", date(2027, 1, 3), in_full=False)
    assert parse_years(page.years(School("school", "", began, ended)).strip()) == (began, ended)


@pytest.mark.parametrize(
    ("started", "ended", "length"),
    [
        ("2019-01", "2022-03", "3 yrs 3 mos"),
        ("2019-01", "2019-01", "1 mo"),
        ("2019-01", "2019-12", "1 yr"),
        ("2026-01", None, "1 yr 1 mo"),
        ("2019", "2019", "1 yr"),
        ("2014", "2016-08", "2 yrs"),
    ],
)
def test_the_first_month_and_the_last_count(started: str, ended: str | None, length: str) -> None:
    page = PageFormat("en", date(2027, 1, 3), in_full=False)
    assert page.length(Job("title", "company", started, ended)) == length


@pytest.mark.parametrize("line", ["", "2019", "Mars", "ma 2019 – Present", "Jan 19 – Present", "2019 - 2020"])
def test_what_is_no_date_is_refused(line: str) -> None:
    with pytest.raises(ValueError):
        parse_span(line)


def test_what_are_no_years_is_refused() -> None:
    with pytest.raises(ValueError):
        parse_years("the nineties")


def _january(day: date) -> date:
    return day.replace(month=1)
