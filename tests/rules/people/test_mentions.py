"""People are found in texts, however they are spelled there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.rules.model import Kind
from worker.rules.people.mentions import REDACTED_TEXT, Mentions
from worker.rules.screenshot_names import is_screenshot_of, screenshot_name

ZOE = Mentions(
    addresses=["https://www.linkedin.com/in/zo%C3%A9-b/"], names=["Zoé  Bell"], emails=["zoe@example.org"]
)
ANN = Mentions(addresses=["https://sandbox.test/in/ann/"], names=["Ann"])


@pytest.mark.parametrize(
    "text",
    [
        "https://www.linkedin.com/in/zo%C3%A9-b/",
        "fr.linkedin.com/in/Zoé-B?trk=people",
        "https://www.linkedin.com/search/results/people/?keywords=Zo%C3%A9+Bell&page=2",
        "Happy birthday, ZOÉ BELL!",
        "Zoe\u0301 Bell",
        "write to zoe@example.org, soon",
        "//a[@href='/in/zo%C3%A9-b']",
    ],
)
def test_every_way_to_tell_who_it_is_is_found(text: str) -> None:
    assert ZOE.appear_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/in/zo%C3%A9-bell/",
        "/in/zoé-b.c",
        "Zoé Bellamy",
        "Zoé",
        "azoe@example.org",
        "Bell, Zoé",
        REDACTED_TEXT,
    ],
)
def test_others_are_left_alone(text: str) -> None:
    assert not ZOE.appear_in(text)


def test_a_name_of_one_word_is_only_found_where_nothing_else_stands() -> None:
    assert ANN.appear_in("ann")
    assert ANN.appear_in("https://sandbox.test/in/ann")
    assert not ANN.appear_in("Ann Other")
    assert not ANN.appear_in("sandbox.test/in/ann-b/")
    assert not Mentions().appear_in("anything")


def test_json_keeps_its_shape() -> None:
    before = {"keywords": ["Zoé Bell", "python"], "limit": 3, "dry_run": None, "Zoé Bell": {"x": "y"}}
    after = {"keywords": [REDACTED_TEXT, "python"], "limit": 3, "dry_run": None, REDACTED_TEXT: {"x": "y"}}
    assert ZOE.redact(before) == after


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(json)
def test_nothing_tells_it_afterwards_and_a_second_time_changes_nothing(value: object) -> None:
    after = ZOE.redact([value, "Zoé Bell"])
    assert ZOE.redact(after) == after
    assert after[1] == REDACTED_TEXT


@pytest.mark.parametrize("kind", Kind)
def test_a_picture_is_found_by_whose_it_is(kind: Kind) -> None:
    name = screenshot_name(7, "https://sandbox.test/in/ann-b/", kind, 2)
    assert is_screenshot_of(name, 7, "https://sandbox.test/in/ann-b/")
    assert not is_screenshot_of(name, 7, "https://sandbox.test/in/ann/")
    assert not is_screenshot_of(name, 17, "https://sandbox.test/in/ann-b/")
    assert not is_screenshot_of(f"1{name}", 7, "https://sandbox.test/in/ann-b/")
    assert not is_screenshot_of(name, 7, "https://sandbox.test/in/b/")
