"""Phrases match whole words in every script."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.rules.sourcing.phrases import contains_phrase, fold_text

FOUND = [
    ("R", "Python, R, SQL"),
    ("R", "R/Python"),
    ("C++", "modern C++"),
    ("C++", "C++17 and C++20"),
    ("c#", "C# developer"),
    (".NET", "ASP.NET, .NET Core"),
    ("node.js", "Node.js"),
    ("R&D", "Head of R&D"),
    ("developpeur", "Développeur confirmé"),
    ("Développeur", "DE\u0301VELOPPEUR"),
    ("lodz", "Łódź, Poland"),
    ("Malmo", "Malmö"),
    ("straße", "STRASSE"),
    ("İstanbul", "istanbul"),
    ("l'oréal", "L\N{RIGHT SINGLE QUOTATION MARK}Oreal"),
    ("Python", "\uff30\uff59\uff54\uff48\uff4f\uff4e\uff0cSQL"),
    ("data  engineer", "Data\u00a0Engineer (senior)"),
    ("工程师", "软件工程师"),
    ("Python", "Python工程师"),
    ("エンジニア", "機械学習エンジニア"),
    ("\uff76\uff9e", "ガ"),
    ("서울", "서울에서"),
    ("محاسب", "مُحاسب قانوني"),
    ("حساب", "حساب"),
    ("วิศวกร", "วิศวกรซอฟต์แวร์"),
    ("हिन्दी", "हिन्दी भाषा"),
]
NOT_FOUND = [
    ("R", "Rust"),
    ("R", "C++, C#, R&D"),
    ("C", "C++"),
    ("C", "C#"),
    ("C+", "C++"),
    ("D", "R&D"),
    ("Java", "JavaScript"),
    ("art", "Smart"),
    ("engineer", "engineering"),
    ("か", "が"),
    ("가", "각"),
    ("คา", "ค้า"),
    ("क", "कु"),
    ("حساب", "محاسب"),
    ("", "anything"),
    ("two words", "two other words"),
]


@pytest.mark.parametrize(("phrase", "text"), FOUND)
def test_is_there(phrase: str, text: str) -> None:
    assert contains_phrase(fold_text(text), fold_text(phrase))


@pytest.mark.parametrize(("phrase", "text"), NOT_FOUND)
def test_is_not_there(phrase: str, text: str) -> None:
    assert not contains_phrase(fold_text(text), fold_text(phrase))


@given(st.text(max_size=30))
def test_folding_once_is_enough_and_capitals_are_no_matter(text: str) -> None:
    assert fold_text(fold_text(text)) == fold_text(text)
    assert fold_text(text.upper()) == fold_text(text.upper().lower())


@given(st.text(min_size=1, max_size=10), st.text(max_size=10), st.text(max_size=10))
def test_a_phrase_is_in_a_text_that_has_it_between_blanks(phrase: str, before: str, after: str) -> None:
    if fold_text(phrase):
        assert contains_phrase(
            " ".join(filter(None, map(fold_text, (before, phrase, after)))), fold_text(phrase)
        )
