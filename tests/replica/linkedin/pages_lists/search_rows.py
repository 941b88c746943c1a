"""The rows of a people search, in the markup of both front ends."""

from urllib.parse import quote

from tests.replica.linkedin.pages_lists.look import (
    WWW,
    Look,
    compose_link,
    new_key,
    profile_link,
    slug_path,
)
from tests.replica.linkedin.pages_lists.profile_facts import facts_of
from tests.replica.linkedin.pages_lists.tree import Effect, Node, append, e
from tests.replica.linkedin.people import MEMBER_SLUG, Person

MUTUAL_ROW, PREMIUM_AFTER, HIDDEN_ROW, BY_ID_ROW = 0, 2, 3, 4
"""Rows of the first page: with links of mutual connections first, without a link, with a member id."""


def sdui_row(look: Look, person: Person | None, number: int, mutual: list[Person]) -> Node:
    """Return a row of the newer front end; None is a hidden member. Its action comes later."""
    if person is None:
        hidden = e("p", look.words("hidden")), e("p", "Carpenter"), e("p", "France")
        return e("div", e("div", hidden), role="listitem", cls=look.cls("card"))
    address = profile_link(person)
    if number == BY_ID_ROW:
        address = f"{WWW}/in/{person.member_id}/"
    degree = _degree(look, person)
    name = e("p", e("a", person.name, href=address), None if _own_line(person) else e("span", f" {degree}"))
    lines = [e("p", person.headline), e("p", facts_of(person).city)]
    if _own_line(person):
        lines.insert(0, e("p", degree))
    key = f"SearchResults{person.member_id}"
    outer = e(
        "a",
        e("figure", e("img", alt="", src="data:,"), aria_hidden="true"),
        e("div", name, lines),
        href=address,
        aria_disabled="false",
        data_view_name="search-result-lockup-title" if look.setting("view_names") == "1" else None,
    )
    return e(
        "div",
        _mutual(look, mutual) if number == MUTUAL_ROW and person.slug != MEMBER_SLUG else None,
        outer,
        e("div", ref=f"action-{number}", componentkey=key, id=key),
        e("div", e("p", "…"), componentkey=f"SearchResultssnippet_{person.member_id}"),
        role="listitem",
        cls=look.cls("card"),
        data_view_name="people-search-result" if look.setting("view_names") == "1" else None,
    )


def sdui_action(look: Look, person: Person, number: int, here: str) -> Effect | None:
    """Return the effect that adds the action of a row; nobody has one for oneself."""
    if person.slug == MEMBER_SLUG:
        return None
    words = Look(look.world, "profile")
    if person.pending:
        label = words.words("pending_label", name=person.name)
        action = e("a", e("span", words.words("pending")), href=here, aria_label=label)
    elif person.degree == 1:
        action = e("a", e("span", words.words("message")), href=compose_link(person))
    elif person.degree == 2:
        invite = f"/preload/search-custom-invite/?vanityName={person.slug}"
        label = words.words("connect_label", name=person.name)
        action = e("a", e("span", words.words("connect")), href=invite, aria_label=label)
    else:
        label = words.words("follow_label", name=person.name)
        action = e("button", e("span", words.words("follow")), type="button", aria_label=label)
    return append(f"action-{number}", action)


def _own_line(person: Person) -> bool:
    """Return whether the degree has a line of its own."""
    return person.degree == 1 or person.slug == MEMBER_SLUG


def _degree(look: Look, person: Person) -> str:
    if person.slug == MEMBER_SLUG:
        return look.words("you")
    return look.word_list("degrees")[person.degree - 1]


def _mutual(look: Look, people: list[Person]) -> Node:
    """Return the line of mutual connections, whose links stand before the row's own."""
    text = look.words("mutual", a="\0", b="\0").split("\0")
    return e(
        "p",
        text[0],
        e("a", people[0].name, href=profile_link(people[0])),
        text[1],
        e("a", people[1].name, href=profile_link(people[1])),
        text[2],
    )


def premium_card(look: Look) -> Node:
    """Return the card that offers Premium between two rows."""
    link = e("a", look.words("limit_button"), href="/premium/products/?upsellOrderOrigin=search")
    text = look.words("limit" if look.setting("upsell") == "1" else "premium")
    return e("div", e("p", text), link, role="listitem", cls=look.cls("card"))


def blurred_rows(look: Look) -> list[Node]:
    """Return what stands under the notice of the limit: rows without links and names."""
    row = e("div", e("p", "████ ██████"), e("p", "███████ ██ █████"), aria_hidden="true")
    kind = "search-result__blurred" if look.ember else look.cls("blurred", "card")
    return [e("div", row, cls=kind, role="listitem") for _ in range(3)]


def limit_notice(look: Look) -> Node:
    """Return the notice of the monthly limit of searches."""
    parts = e("h2", look.words("limit")), e("p", look.words("limit_hint"))
    button = e("a", look.words("limit_button"), href="/premium/products/")
    if look.ember:
        return e("section", e("div", parts, button, cls="search-paywall__info"), cls="artdeco-card")
    return e("div", parts, button, data_view_name="search-results-promo", componentkey=new_key())


def ember_row(look: Look, person: Person | None, number: int) -> Node:
    """Return a row of the older front end."""
    urn = "headless" if person is None else f"urn:li:member:{person.number}"
    if person is None:
        title = e("span", look.words("hidden"), cls="entity-result__title-text")
        badge = None
    else:
        mini = quote(f"urn:li:fs_miniProfile:{person.member_id}", safe="")
        path = f"/in/{person.member_id}" if number == BY_ID_ROW else slug_path(person).rstrip("/")
        seen = e(
            "span",
            e("span", person.name, aria_hidden="true"),
            e("span", f"View {person.name}\u2019s profile", cls="visually-hidden"),
        )
        link = e("a", seen, href=f"{WWW}{path}?miniProfileUrn={mini}", cls="app-aware-link")
        title = e("span", link, cls="entity-result__title-text")
        degree = _degree(look, person)
        badge = e(
            "span",
            e("span", degree, aria_hidden="true"),
            e("span", degree, cls="visually-hidden"),
            cls="entity-result__badge-text",
        )
    lines = [] if person is None else [
        e("div", person.headline, cls="entity-result__primary-subtitle"),
        e("div", facts_of(person).city, cls="entity-result__secondary-subtitle"),
    ]  # fmt: skip
    return e(
        "li",
        e(
            "div",
            e("div", title, badge),
            lines,
            e("div", ref=f"action-{number}", cls="entity-result__actions"),
            data_view_name="search-entity-result-universal-template",
            data_chameleon_result_urn=urn,
            cls="entity-result",
        ),
        cls="search-result__item",
    )


def ember_action(look: Look, person: Person, number: int) -> Effect | None:
    """Return the effect that adds the button of a row in the older front end."""
    if person.slug == MEMBER_SLUG:
        return None
    words = Look(look.world, "profile")
    key, label = ("message", "message_other") if person.degree == 1 else ("connect", "connect_label")
    if person.pending:
        key, label = "pending", "pending_label"
    button = e(
        "button",
        e("span", words.words(key), cls="artdeco-button__text"),
        cls="artdeco-button artdeco-button--2",
        type="button",
        aria_label=words.words(label, name=person.name),
    )
    return append(f"action-{number}", button)
