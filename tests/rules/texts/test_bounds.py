"""A cut text is within its bound, and can be stored."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.rules.texts.bounds import NO_CONTROLS, cut_text


@given(text=st.text(st.characters(exclude_categories=())), most=st.integers(1, 12))
def test_a_cut_text_is_short_and_storable_and_says_that_it_was_cut(text: str, most: int) -> None:
    cut = cut_text(text, most)
    assert len(cut) <= most
    assert "\0" not in cut
    cut.encode()
    assert cut.endswith("…") or len(text) <= most


@given(text=st.text(max_size=20))
def test_a_text_that_fits_is_unchanged(text: str) -> None:
    assert cut_text(text.replace("\0", ""), 20) == text.replace("\0", "")


@pytest.mark.parametrize("control", ["\0", "\x07", "\x1b", "\n", "\t", "\x7f", "\x9b"])
def test_the_pattern_finds_each_control_character(control: str) -> None:
    assert not re.fullmatch(NO_CONTROLS, f"a{control}b")
    assert re.fullmatch(NO_CONTROLS, "Größe 世界 🎂")
