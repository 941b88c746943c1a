"""No exported cell is a formula, and every text survives the round trip."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.rules.texts.csv_cells import escape_formula, unescape_formula

RISKY = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"

texts = st.text(st.sampled_from(f"{RISKY}'a1 ")) | st.text()


@given(texts)
def test_what_is_guarded_is_no_formula_and_comes_back(text: str) -> None:
    cell = escape_formula(text)
    assert not cell.startswith(tuple(RISKY))
    assert unescape_formula(cell) == text


@given(texts, texts)
def test_two_texts_never_make_one_cell(one: str, other: str) -> None:
    assert (escape_formula(one) == escape_formula(other)) is (one == other)


@pytest.mark.parametrize("text", ["=1+1", "+49 30 1", "-2", "@SUM(A1)", "\t=1", "\r=1", "--03-05", "'=1"])
def test_an_apostrophe_goes_before_what_a_spreadsheet_would_calculate(text: str) -> None:
    assert escape_formula(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "Ann", "'tis", "O'Neil", "1=1", "a@b.example"])
def test_other_texts_stay_as_they_are_both_ways(text: str) -> None:
    assert escape_formula(text) == unescape_formula(text) == text
