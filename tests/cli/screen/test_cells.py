"""Texts are measured for the widest terminal, and a fold loses nothing."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from wcwidth import wcswidth, wcwidth

from api_stub.cli.screen.cells import cut_text, fold_hints, fold_text, measure_text, split_letters
from api_stub.cli.watch.display import choose_window
from tests.cli.screen.conftest import MESSAGES

TEXTS = st.one_of(
    st.text(),
    st.text(alphabet="ab \u4e2d\u200d\ufe0f\u0308👩👧🇫🇷❤️กำनी"),
    st.sampled_from([*MESSAGES.values()]),
)
WIDTHS = st.integers(1, 60)


@given(TEXTS, WIDTHS)
def test_the_lines_of_a_fold_joined_are_the_text(text: str, width: int) -> None:
    text = text.replace("\n", " ")
    assert "".join(fold_text(text, width)) == text


@given(TEXTS, st.integers(8, 60))
def test_no_line_is_wider_than_asked_but_for_its_last_blanks(text: str, width: int) -> None:
    for line in fold_text(text, width):
        assert measure_text(line.rstrip(" ")) <= width or len(list(split_letters(line))) == 1
        assert measure_text(cut_text(text, width)) <= width


@pytest.mark.parametrize("text", [*MESSAGES, *MESSAGES.values(), "1\ufe0f\u20e3 \u00a9\ufe0f"])
def test_no_known_way_to_measure_finds_a_text_wider(text: str) -> None:
    by_code_point = sum(max(wcwidth(char), 0) for char in text)
    assert measure_text(text) >= max(by_code_point, wcswidth(text), cell_len(text))


def test_what_a_reader_sees_as_one_letter_stays_together() -> None:
    assert [*split_letters("e\u0308👩\u200d👧🇫🇷🇩🇪")] == ["e\u0308", "👩\u200d👧", "🇫🇷", "🇩🇪"]
    assert unicodedata.normalize("NFC", "".join(fold_text("Zoe\u0308" * 5, 6))) == "Zoë" * 5


@given(st.integers(1, 200), st.integers(4, 40), st.data())
def test_the_window_shows_the_current_row_and_fits(count: int, space: int, data: st.DataObject) -> None:
    current = data.draw(st.integers(0, count - 1))
    first, last = choose_window(count, current, space)
    assert first <= current < last
    assert (last - first) + (first > 0) + (last < count) <= space


def test_a_hint_is_not_broken() -> None:
    text = "sign in again: `rapport account sign-in demo`; then wait"
    assert list(fold_hints(text, 34)) == ["sign in again: ", "`rapport account sign-in demo`; ", "then wait"]
