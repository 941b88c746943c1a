"""Whether a text tells who somebody is, however it is spelled there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.rules.mentions import FORGOTTEN, Mentions
from worker.rules.model import Kind
from worker.rules.picture_names import is_picture_of, picture_name

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
    assert ZOE.told_in(text)


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
        FORGOTTEN,
    ],
)
def test_others_are_left_alone(text: str) -> None:
    assert not ZOE.told_in(text)


def test_a_name_of_one_word_is_only_found_where_nothing_else_stands() -> None:
    assert ANN.told_in("ann")
    assert ANN.told_in("https://sandbox.test/in/ann")
    assert not ANN.told_in("Ann Other")
    assert not ANN.told_in("sandbox.test/in/ann-b/")
    assert not Mentions().told_in("anything")


def test_json_keeps_its_shape() -> None:
    before = {"keywords": ["Zoé Bell", "python"], "limit": 3, "dry_run": None, "Zoé Bell": {"x": "y"}}
    after = {"keywords": [FORGOTTEN, "python"], "limit": 3, "dry_run": None, FORGOTTEN: {"x": "y"}}
    assert ZOE.without(before) == after


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(json)
def test_nothing_tells_it_afterwards_and_a_second_time_changes_nothing(value: object) -> None:
    after = ZOE.without([value, "Zoé Bell"])
    assert ZOE.without(after) == after
    assert after[1] == FORGOTTEN


@pytest.mark.parametrize("kind", Kind)
def test_a_picture_is_found_by_whose_it_is(kind: Kind) -> None:
    name = picture_name(7, "https://sandbox.test/in/ann-b/", kind, 2)
    assert is_picture_of(name, 7, "https://sandbox.test/in/ann-b/")
    assert not is_picture_of(name, 7, "https://sandbox.test/in/ann/")
    assert not is_picture_of(name, 17, "https://sandbox.test/in/ann-b/")
    assert not is_picture_of(f"1{name}", 7, "https://sandbox.test/in/ann-b/")
    assert not is_picture_of(name, 7, "https://sandbox.test/in/b/")
