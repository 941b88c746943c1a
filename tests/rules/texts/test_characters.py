"""Control characters are replaced, and names in all scripts stay as they are."""

# ruff: noqa: RUF001 -- names of many scripts have letters that look alike

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.rules.names.difficult_names import DIFFICULT_NAMES
from worker.rules.texts.characters import (
    escape_json_controls,
    find_invisible,
    has_visible_text,
    sanitise_line,
    sanitise_text,
)

MARK = "\N{REPLACEMENT CHARACTER}"
ACTING = (
    *"\0\a\b\v\f\r\x1b\x1f\x7f\x80\x85\x90\x9b\x9d\x9f",
    *"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c",
    *"\u2028\u2029\u200b\u2060\u2063\ufeff\u00ad\u180e\ufff9\ufffb\U000e0001\U000e0041\U000e007f\U000e0fff",
    "\ud800", "\udfff", "\ue000", "\U000f0000", "\U0010fffd",
)  # fmt: skip
NAMES = (
    *DIFFICULT_NAMES, "محمد علي", "دنيا عبد الله", "דנה כהן", "مینا رضا‌زاده", "क्‍ष", "👩‍👩‍👧 ❤️", "葛󠄀城",
    "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f Mac", "a\tb\nc", "١٢٣ \u0600",
)  # fmt: skip


@pytest.mark.parametrize("character", ACTING)
def test_what_acts_is_shown_as_a_mark(character: str) -> None:
    assert sanitise_text(f"An{character}n") == f"An{MARK}n"


@pytest.mark.parametrize("name", NAMES)
def test_a_name_stays_as_it_is(name: str) -> None:
    assert sanitise_text(name) == name


@given(st.text(st.characters()))
def test_nothing_shown_acts_and_nothing_is_lost(text: str) -> None:
    shown = sanitise_text(text)
    assert len(shown) == len(text)
    assert sanitise_text(shown) == shown
    acts = {"Cc", "Cs", "Zl", "Zp"}
    assert not {unicodedata.category(c) for c in shown if c not in "\n\t"} & acts
    turns = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    assert not {unicodedata.bidirectional(c) for c in shown} & turns
    assert all(before in (after, MARK) or after == MARK for before, after in zip(text, shown, strict=True))


@given(st.text(st.characters()))
def test_escaped_json_says_the_same_and_acts_no_more(text: str) -> None:
    for document in (json.dumps({"a": text}, ensure_ascii=False), json.dumps([text], indent=1)):
        escaped = escape_json_controls(document)
        assert json.loads(escaped) == json.loads(document)
        assert sanitise_text(escaped) == escaped


def test_one_line_is_one_line() -> None:
    assert sanitise_line(" An\n\tn\x1b ") == f"An n{MARK}"


@pytest.mark.parametrize(
    "text", ["", " \n", "\u200d\u200c", "\u200e", "\u2800", "\u3164\uffa0", "\u0301", "\ufe0f"]
)
def test_a_text_that_shows_nothing_says_nothing(text: str) -> None:
    assert not has_visible_text(text)


@pytest.mark.parametrize("text", ["a", "🎂", "!", "א", "你", "1"])
def test_a_letter_a_sign_or_an_emoji_says_something(text: str) -> None:
    assert has_visible_text(text)


def test_a_message_keeps_flags_joiners_and_marks_of_direction() -> None:
    assert (
        find_invisible("🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f \u200f مي\u200cنا\n")
        is None
    )
    assert find_invisible("ab\N{RIGHT-TO-LEFT OVERRIDE}") == 2
    assert find_invisible("a\U000e0067") == 1


def test_the_place_of_a_character_is_counted_from_the_message_s_begin() -> None:
    assert find_invisible("🏴\U000e0067\U000e0062\U000e007f ab\u202e") == 7
