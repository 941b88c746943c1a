"""What an approval is bound to, and which texts of a person can be sent."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.rules.messages.approval import TextRefusedError, approval_hash, validate_message
from worker.rules.messages.message_text import MAX_MESSAGE_CHARACTERS

ADDRESSES = st.text(st.characters(blacklist_categories=["Cc", "Cs"]), min_size=1)
TEXTS = st.text(st.characters(blacklist_categories=["Cs"]))


@given(one=st.tuples(ADDRESSES, TEXTS), other=st.tuples(ADDRESSES, TEXTS))
def test_two_approvals_are_one_only_if_recipient_and_text_are(
    one: tuple[str, str], other: tuple[str, str]
) -> None:
    assert (approval_hash(*one) == approval_hash(*other)) == (one == other)


def test_an_address_and_a_text_are_told_apart() -> None:
    assert approval_hash("ann", "a text") != approval_hash("anna", " text")


@given(st.text())
def test_what_is_let_through_can_be_sent_and_is_let_through_again_unchanged(text: str) -> None:
    try:
        message = validate_message(text)
    except TextRefusedError:
        return
    assert 0 < len(message) <= MAX_MESSAGE_CHARACTERS
    assert message.split() == text.split()
    assert not {unicodedata.category(c) for c in message if c != "\n"} & {"Cc", "Cs"}
    assert validate_message(message) == message
    approval_hash("x", message)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        (" \n\t ", "is empty"),
        ("x" * (MAX_MESSAGE_CHARACTERS + 1), f"at most {MAX_MESSAGE_CHARACTERS}"),
        ("Hi\x1b[2J", "U+001B"),
        ("Hi\tAnn", "U+0009"),
        ("Hi\rAnn", "U+000D"),
        ("Hi\ud83d", "U+D83D"),
        ("\x1cHi", "U+001C"),
        ("Hi\x85", "U+0085"),
        ("Hi\0", "U+0000"),
        ("Hi Ann,\nlove \u202exx", r"U+202E (RIGHT-TO-LEFT OVERRIDE), at character 6 of line 2"),
        ("Hi \u2066Ann", "U+2066 (LEFT-TO-RIGHT ISOLATE), at character 4:"),
        ("Hi\u200bAnn", "U+200B"),
        ("\u200b\u2060", "U+200B"),
        ("\u200d \u200e\ufe0f", "is empty: it has no visible character"),
        ("Hi \U000e0041", "U+E0041"),
        ("Hi {{ first_name }}!", "has {{ first_name }} at character 4: only templates have fields"),
        ("Hi Ann }}", "has }} at character 8"),
        ("{% if days_late == 1 %}Hi{% endif %}", "has {% if days_late == 1 %} at"),
        ("Hi {# note #}", "has {# note #} at"),
        ("Hi { first_name }", "has { first_name } at"),
    ],
)
def test_what_is_refused_says_why(text: str, says: str) -> None:
    with pytest.raises(TextRefusedError, match=re.escape(says)):
        validate_message(text)


def test_lines_and_what_people_write_with_stay() -> None:
    family = "\N{MAN}\N{ZERO WIDTH JOINER}\N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL}"
    assert validate_message(f"  Bon anniversaire !\r\n\r\n{family}\n") == f"Bon anniversaire !\n\n{family}"
    assert len(validate_message("x" * MAX_MESSAGE_CHARACTERS)) == MAX_MESSAGE_CHARACTERS
    for text in ("🎂", "{ :-) } 100 %", "יום הולדת שמח \u200f!", "می\u200cنا"):  # noqa: RUF001 -- Persian is meant
        assert validate_message(f"\u2003{text}\u00a0") == text
