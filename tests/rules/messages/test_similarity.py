"""What counts as the same text, measured on the defaults."""

from collections.abc import Callable, Mapping
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db import defaults
from db.store.campaigns.templates import DefaultTemplate
from worker.rules.messages.similarity import (
    SAME_MESSAGE_THRESHOLD,
    is_same_message,
    normalise_text,
    similarity,
)
from worker.rules.messages.templates import render_template
from worker.rules.names.spoken_name import SpokenName

ANNA = SpokenName("Anna", "Anna Smith")
FAR_APART = 0.7


def said(default: DefaultTemplate, name: SpokenName = ANNA, *, days: int = 1) -> str:
    return render_template(default.body, name=name, days_late=days if default.late else 0)


@pytest.mark.parametrize("language", ["en", "de", "fr", "es"])
def test_no_default_is_like_another_of_its_language(language: str) -> None:
    mine = [default for default in defaults.GREETINGS if default.language == language]
    for one, other in combinations(mine, 2):
        for days in (1, 2):
            found = similarity(said(one, days=days), said(other, days=days), name=ANNA)
            assert found < FAR_APART < SAME_MESSAGE_THRESHOLD, (one.key, other.key)


CHANGES: Mapping[str, Callable[[str], str]] = {
    "another emoji": lambda text: f"🎉 {text} 🎂🎂",
    "punctuation": lambda text: text.replace("!", ".").replace(",", " -").replace("\u2019", "'"),
    "capitals": str.upper,
    "blanks": lambda text: text.replace(" ", "\n").replace("\u202f", ""),
    "another name": lambda text: text.replace("Anna", "Bob"),
    "a long other name": lambda text: text.replace("Anna", "Maximiliane"),
    "the whole name": lambda text: text.replace("Anna", "Anna Smith"),
    "no name": lambda text: text.replace("Anna", ""),
    "full width": lambda text: text.replace("!", "\uff01").replace("a", "\uff41"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_same_words_in_another_dress_are_the_same(change: str) -> None:
    for default in defaults.GREETINGS:
        text = said(default)
        changed = CHANGES[change](text)
        assert changed != text
        assert is_same_message(changed, text, name=ANNA), default.key


def test_one_day_more_is_the_same_text() -> None:
    body = "Your birthday was {{ days_late }} days ago, {{ first_name }}: many happy returns!"
    three, nine = (render_template(body, name=ANNA, days_late=days) for days in (3, 9))
    assert is_same_message(three, nine, name=ANNA)


def test_a_name_is_taken_out_as_a_word_and_not_from_the_middle_of_one() -> None:
    assert normalise_text("Ann's anniversary, Ann", names=["Ann"]) == "sanniversary"
    assert normalise_text("生日快乐李小龙！", names=["李小龙"]) == "生日快乐"  # noqa: RUF001 -- full width is meant


TEXTS = st.one_of(st.text(), st.sampled_from([said(default) for default in defaults.GREETINGS]))


@given(TEXTS, TEXTS, st.sampled_from([None, ANNA]))
def test_similarity_is_symmetric_and_a_share(one: str, other: str, name: SpokenName | None) -> None:
    found = similarity(one, other, name=name)
    assert 0 <= found <= 1
    assert found == similarity(other, one, name=name)


@given(TEXTS, st.sampled_from([None, ANNA]))
def test_a_text_is_wholly_like_itself(text: str, name: SpokenName | None) -> None:
    assert similarity(text, text, name=name) == 1
