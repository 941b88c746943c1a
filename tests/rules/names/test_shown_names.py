# ruff: noqa: RUF001 -- letters of other scripts are meant
"""A text goes out only if the site shows the name that is in it."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from worker.rules.names.shown_names import (
    find_called_name,
    is_name_right,
    is_name_shown,
    is_same_name,
    share_word,
)
from worker.rules.names.spoken_name import SpokenName, find_name

CORPUS = Path(__file__).parent.parent / "data" / "names.tsv"

NAMES = st.sampled_from(
    ["Alexandra", "Zoë", "Jürgen", "Łukasz", "Anne-Marie", "Nguyễn", "Ιωάννης", "Оксана", "ليلى", "דנה",
     "İsmail", "O'Neill", "Søren", "Đorđe"]
)  # fmt: skip
DECORATION = st.sampled_from(["", "🔥 ", "Dr. ", "• ", "\u200b", "Prof. Dr. ", "★ "])


@pytest.mark.parametrize(
    ("called", "shown"),
    [
        ("Alexandra", "ALEXANDRA WEBER"),
        ("Anne-Marie", "Anne Marie Dupont"),
        ("Anne Marie", "Anne-Marie Dupont"),
        ("Anne-Marie", "AnneMarie Dupont"),
        ("Lexi", 'Alexandra "Lexi" Weber'),
        ("Lexi", "Alexandra (Lexi) Weber"),
        ("Anna", "Nagy Anna"),
        ("Alexandra", "Weber, Alexandra"),
        ("Alexandra", "🔥 Ａｌｅｘａｎｄｒａ 🚀 Weber"),
        ("Alexandra", "ᴀʟᴇxᴀɴᴅʀᴀ ᴡᴇʙᴇʀ"),
        ("Alexandra", "𝓐𝓵𝓮𝔁𝓪𝓷𝓭𝓻𝓪 Weber"),
        ("Alexandra", "Dr. med. Alexandra W."),
        ("Alexandra Weber", "Weber Alexandra, PhD"),
        ("Weber", "Alexandra (she/her) Weber | Acme"),
        ("Ismail", "İSMAİL Kaya"),
        ("Ann", "A\u200bnn Lee"),
        ("O'Brien", "Pat O\u2019Brien"),
        ("小明", "王小明"),
        ("지민", "김지민"),
        ("สมชาย", "คุณสมชาย ใจดี"),
        ("علی\u200cرضا", "علی رضا محمدی"),
    ],
)
def test_a_name_that_the_site_shows_in_any_form_is_found(called: str, shown: str) -> None:
    assert is_name_shown(called, shown)


@pytest.mark.parametrize(
    ("called", "shown"),
    [
        ("Alex", "Alexandra Weber"),
        ("Alexandra", "Alex Meyer"),
        ("Alexandra", "A. Weber"),
        ("Anne-Marie", "Marie Anne Dupont"),
        ("Alex Meyer", "Alex Weber"),
        ("Alex", "Peter Weber | Alex & Co"),
        ("Alex", "Peter Weber - Alex GmbH"),
        ("Alex", "Аlex Weber"),
        ("明", "王小明"),
        ("小明", "王大明"),
        ("Ann", ""),
        ("Ann", "🎉"),
        ("", "Ann Lee"),
    ],
)
def test_a_name_that_the_site_does_not_show_is_not_found(called: str, shown: str) -> None:
    assert not is_name_shown(called, shown)


@given(NAMES, NAMES, DECORATION, DECORATION)
def test_decoration_case_and_unicode_forms_make_no_difference(
    first: str, family: str, before: str, after: str
) -> None:
    shown = f"{before}{first} {family}{after}"
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert is_name_shown(first, unicodedata.normalize(form, shown))
        assert is_name_shown(unicodedata.normalize(form, first), shown.upper())
    assert is_name_shown(first, f"{family} {first}")
    assert is_same_name(f"{first} {family}", f"{before}{family} {first}")


@example("\u3200", "\u1100")  # a letter in brackets, as one character, and that letter
@given(st.text(max_size=12), st.text(max_size=20))
def test_what_is_found_stands_in_the_shown_name(called: str, shown: str) -> None:
    if is_name_shown(called, shown):
        assert any(map(str.isalpha, unicodedata.normalize("NFKC", called)))
        assert any(map(str.isalpha, unicodedata.normalize("NFKC", shown)))


@given(NAMES, NAMES)
def test_another_name_is_never_found(first: str, other: str) -> None:
    assume(first != other)
    assert not is_name_shown(first, f"{other} Weber")
    assert not is_name_right(called=first, stored=f"{first} Meyer", shown=f"{other} Meyer", set_by_hand=False)


def test_what_the_rules_of_names_call_somebody_is_in_their_own_name() -> None:
    lines = CORPUS.read_text("utf-8").splitlines()[1:]
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    for _, full_name, language, location, *_ in rows:
        name = find_name(full_name, language or None, location or None)
        if isinstance(name, SpokenName):
            for called in (name.first, name.full):
                assert is_name_shown(called, full_name, language or None, location or None), full_name
            assert is_same_name(full_name, full_name)


@pytest.mark.parametrize(
    ("stored", "shown", "share", "same"),
    [
        ("Alex Meyer", "Alexandra Weber", False, False),
        ("Alexandra Meyer", "Alexandra Weber", True, False),
        ("Alex Meyer", "Peter Meyer", True, False),
        ("Weber Alexandra", "Alexandra Weber, PhD", True, True),
        ("Alexandra Weber", "Alexandra Sophie Weber (Meyer)", True, True),
        ("Dr. Müller", "Prof. Dr. MÜLLER", True, True),
        ("Dr. Müller", "Dr. Peter Müller", True, False),
        ("Dr. Ann Lee", "Dr. Bob Kim", False, False),
        ("A. Weber", "A. Meyer", False, False),
        ("Jan van der Berg", "Piet van der Meer", False, False),
        ("王小明", "王小明 (Xiaoming)", True, True),
        ("", "Ann Lee", False, False),
    ],
)
def test_a_title_an_initial_or_a_particle_makes_two_names_not_alike(
    stored: str, shown: str, *, share: bool, same: bool
) -> None:
    assert (share_word(stored, shown), is_same_name(stored, shown)) == (share, same)
    assert (share_word(shown, stored), is_same_name(shown, stored)) == (share, same)


def test_a_text_without_a_name_needs_a_shared_word() -> None:
    assert is_name_right(called="", stored="Ann Meyer", shown="Ann Lee", set_by_hand=False)
    assert not is_name_right(called="", stored="Ann Meyer", shown="Bob Lee", set_by_hand=False)


@pytest.mark.parametrize(
    ("shown", "by_hand", "right"),
    [
        ("Alexandra Weber", True, True),
        ("Alexandra Weber", False, False),
        ("Alexandra Meyer", True, False),
        ("Lexi Meyer", True, True),
    ],
)
def test_a_nickname_set_by_hand_needs_the_whole_stored_name(
    shown: str, *, by_hand: bool, right: bool
) -> None:
    assert right is is_name_right(called="Lexi", stored="Alexandra Weber", shown=shown, set_by_hand=by_hand)


def test_the_name_in_a_text_is_recognised() -> None:
    ann = SpokenName("Ann", "Ann Lee")
    assert find_called_name("Happy birthday, ANN LEE!", ann) == "Ann Lee"
    assert find_called_name("Happy birthday, ann!", ann) == "Ann"
    assert find_called_name("Many happy returns!", ann) == ""
    assert find_called_name("生日快乐，小明！", SpokenName("小明", "王小明")) == "小明"
