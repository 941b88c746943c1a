"""The shape of a page holds no word, number or id of it, and still shows how it is built."""

# ruff: noqa: RUF001 -- pages contain these signs

import re
import string
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.rules.sites.page_shapes import PageElement, Shaper, shape_text

SHAPES = {
    "Célébrez l’anniversaire de Ada le 10 nov.": "Aa a’a a Aa a 9 a.",
    "· 1st": "· 9a",
    "People (1,052)": "Aa (9,9)",
    "李 伟": "a a",
    "🔥 Ada MÜSSIG": "¤ Aa A",
    "": "",
    " ": "",
    "a b c d e f g h i j k l m n": "a a a a a a a a a a a a …",
}

WORDS = ("lazy-column", "listitem", "profile.card.ref", "Topcard", "messaging", "compose", "msg-thread")


def shaper() -> Shaper:
    return Shaper(b"0123456789abcdef", WORDS)


def sketch(element: PageElement) -> str:
    return "\n".join(shaper().shape_page(element, most_lines=500))


@pytest.mark.parametrize(("text", "shape"), SHAPES.items())
def test_a_text_keeps_its_form_only(text: str, shape: str) -> None:
    assert shape_text(text) == shape


def element(tag: str = "div", text: str = "", **attributes: str) -> PageElement:
    return PageElement(tag, {name.replace("_", "-"): value for name, value in attributes.items()}, text)


ATTRIBUTES = {
    # what a developer wrote stays, what may be of a person goes
    ("class", "msg-thread__head card-wide"): "[class=msg-thread__head card-wide]",
    ("class", "_609562f9 ember123"): "[class=_9f9 ember9]",
    ("data-testid", "lazy-column"): "[data-testid=lazy-column]",
    ("role", "listitem"): "[role=listitem]",
    ("aria-expanded", "true"): "[aria-expanded=true]",
    ("aria-label", "Message Ada"): '[aria-label="Aa Aa"]',
    ("disabled", ""): "[disabled]",
    ("data-name", "Ada Example"): '[data-name="Aa Aa"]',
}


@pytest.mark.parametrize(("attribute", "shape"), ATTRIBUTES.items())
def test_an_attribute_keeps_what_a_developer_wrote(attribute: tuple[str, str], shape: str) -> None:
    assert sketch(PageElement("p", dict([attribute]))) == f"p{shape}"


def test_an_id_is_the_same_hash_wherever_it_stands_and_another_in_another_check() -> None:
    member = "ACoAAda0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    page = PageElement(
        "main",
        children=(
            element("b", componentkey=f"profile.card.ref{member}Topcard"),
            element("i", data_member_id=member),
        ),
    )
    shown = sketch(page)
    (hashed,) = set(re.findall("data-member-id=(#[0-9a-f]{6})", shown))
    assert hashed == shaper().hash(member)
    assert member not in shown
    assert Shaper(b"another salt", ()).hash(member) != shaper().hash(member)


def test_an_address_keeps_the_site_s_own_segments_and_no_query() -> None:
    assert shaper().shape_path("/messaging/compose/?recipient=ACoAAda&body=Hi") == "/messaging/compose/?…"
    assert re.fullmatch("/in/#[0-9a-f]{6}/", shaper().shape_path("/in/ada-example/"))
    assert re.fullmatch("/in/#[0-9a-f]{6}/", shaper().shape_path("/in/messaging/"))  # a slug of our own words
    line = sketch(element("a", href="https://www.linkedin.com/in/ada-example/?trk=x#frag"))
    assert re.fullmatch(r"a\[href=//#\w{6}/in/#\w{6}/\?…\]", line)


def test_a_developer_s_word_that_the_page_also_says_is_hashed() -> None:
    page = PageElement("ul", {"class": "zebra-list list-zebra"}, "My Zebra")
    assert "ebra" not in sketch(page)
    assert "list" in sketch(page)


def test_a_slug_that_only_an_id_has_is_hashed() -> None:
    assert "zebra" not in sketch(element("p", id="card-zebra-9"))
    assert "zebra" not in sketch(element("p", componentkey="lazyColumnzebra"))


def test_a_word_of_the_page_that_lies_across_parts_of_a_name_is_hashed() -> None:
    page = PageElement("p", {"class": "GGGGgGGH card", "id": "lazyColumn"}, "GGGG says hello")
    assert "gggg" not in sketch(page).lower()
    assert "card" in sketch(page)


def test_cards_alike_are_counted_and_wrappers_left_out() -> None:
    cards = tuple(
        PageElement("div", children=(PageElement("li", {"class": "card"}, f"Person {n}"),)) for n in range(3)
    )
    assert sketch(PageElement("ul", children=cards)) == 'ul\n  li[class=card] "Aa 9" × 3'


def test_siblings_alike_are_counted_also_with_others_between_them() -> None:
    rulers = (
        PageElement("p", {}, "One"),
        PageElement("hr"),
        PageElement("p", {}, "Another one"),
        PageElement("hr"),
    )
    assert sketch(PageElement("main", children=rulers)) == 'main\n  p "Aa" × 2\n  hr × 2'


def test_a_long_page_is_cut() -> None:
    page = PageElement("main", children=tuple(element(tag) for tag in ("p", "b", "i", "p", "b")))
    assert list(shaper().shape_page(page, most_lines=3)) == ["main", "  p × 2", "  b × 2", "…"]


# letters that no hash has, and no word of ours
_LETTERS = st.text("ghjkmnpqrtvwxyzGHJKMQRTVWXYZéñøß李", min_size=4, max_size=9)
_PERSONAL = _LETTERS.filter(lambda word: not any(word.lower() in known.lower() for known in WORDS))
_ID = st.text(string.ascii_letters + string.digits + "_-", min_size=34, max_size=34).map("ACoAA{}".format)


@st.composite
def _pages(draw: st.DrawFn) -> tuple[list[str], PageElement]:
    """A page that says a name, a slug and an id in every place that a page has."""
    first, last = draw(_PERSONAL), draw(_PERSONAL)
    member, number = draw(_ID), str(draw(st.integers(10**6, 10**9)))
    slug = f"{first}-{last}-{number}".lower()
    attributes: Mapping[str, str] = {
        "class": draw(st.sampled_from([f"card-{first}", f"{first}{last} card", f"x{number}"])),
        "id": f"card-{slug}",
        "componentkey": f"profile.card.ref{member}Topcard{slug}",
        "href": draw(
            st.sampled_from([f"/in/{slug}/?trk={last}", f"https://{first}.test/in/{member}#{last}"])
        ),
        "aria-label": f"Message {first} {last}",
        "data-event-urn": f"urn:li:msg_message:(urn:li:fsd_profile:{member},2-{number})",
        "data-sdui-screen": f"com.{first}.{last}",
        f"data-{draw(st.text('ghjkmnpqrtvwxyz', min_size=4, max_size=6))}": last,
        "title": number,
    }
    kept = draw(st.sets(st.sampled_from(sorted(attributes)), min_size=1))
    inner = PageElement("p", {name: attributes[name] for name in kept}, f"{first} {number} {member}")
    return [first, last, member, number], PageElement("main", children=(inner, PageElement("h2", {}, last)))


@settings(max_examples=60)
@given(_pages())
def test_no_word_number_or_id_of_a_page_survives(made: tuple[list[str], PageElement]) -> None:
    said, page = made
    shown = sketch(page).lower()
    assert not [word for word in said if word.lower() in shown]
