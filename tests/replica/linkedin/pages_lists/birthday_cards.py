"""The cards of the birthdays page, in the markup of both front ends."""

from dataclasses import dataclass
from datetime import timedelta

from babel.dates import format_timedelta

from tests.replica.linkedin.pages_lists.look import (
    Look,
    compose_link,
    new_key,
    profile_link,
    slug_path,
)
from tests.replica.linkedin.pages_lists.page import PARTS
from tests.replica.linkedin.pages_lists.tree import Call, Child, Node, e
from tests.replica.linkedin.people import Person

TOMORROW = -1


@dataclass(frozen=True, slots=True)
class Card:
    """What one card says. `days_ago` is 0 for today; the two ids of its link are of `to` and `urn_of`."""

    person: Person
    days_ago: int
    to: Person
    urn_of: Person
    button: bool
    greeted: bool = False

    @property
    def ref(self) -> str:
        return f"card-{self.person.slug}"


def suggestion(look: Look, card: Card) -> str:
    """Return the greeting that the site proposes."""
    return look.words("suggest_late" if card.days_ago > 0 else "suggest_today")


def sentence(look: Look, card: Card) -> list[Child]:
    """Return the sentence of a card. The word for today is strong, in two languages in capitals."""
    first = card.person.first_name
    if card.days_ago > 0 and look.setting("late") == "relative":
        return [look.words("late_ago", first=first, ago=_ago(look, card.days_ago))]
    if card.days_ago > 0:
        day = look.world.today() - timedelta(days=card.days_ago)
        return [look.words("late", first=first, date=look.day(day))]
    if card.days_ago == TOMORROW:
        return [look.words("upcoming", first=first)]
    capitals = look.cls("capitals") if look.language in {"de", "pl"} else None
    start, _, end = look.words("today", first=first, today="\0").partition("\0")
    return [start.rstrip(), e("span", " "), e("strong", look.words("today_word"), cls=capitals), end]


def _ago(look: Look, days: int) -> str:
    """Return how long ago, such as "2 days ago"; the day before has a word of its own without a digit."""
    if days == 1:
        return look.words("yesterday")
    return format_timedelta(
        timedelta(days=-days), granularity="day", threshold=99, add_direction=True, locale=look.language
    )


def greet_label(look: Look, card: Card) -> str:
    return look.words("greet", name=card.person.name, text=suggestion(look, card))


def sdui_card(look: Look, card: Card, *, view_names: bool) -> Node:
    """Return a card of the newer front end. Its wrapper shows its children in its own place."""

    def view(name: str) -> str | None:
        return name if view_names else None

    person = card.person
    photo = look.words("photo", name=person.name)
    item = e(
        "div",
        e(
            "div",
            e(
                "a",
                e("figure", e("img", alt=photo, src="data:,"), role="image", aria_label=photo),
                href=profile_link(person),
                tabindex="0",
                aria_disabled="false",
                cls=look.cls("photo"),
                data_view_name=view("nurture-card-profile-view"),
            ),
            e("div", e("p", person.name), e("p", *sentence(look, card)), cls=look.cls("lines")),
            e("button", e("span", "⋯"), type="button", aria_label=look.words("menu")),
        ),
        _sdui_control(look, card, view("nurture-card-primary-button")),
        role="listitem",
        componentkey=new_key(),
        cls=look.cls("card"),
    )
    return e(
        "div",
        item,
        ref=card.ref,
        data_display_contents="true",
        cls=look.cls("shown"),
        data_view_name=view("nurture-card"),
    )


def _sdui_control(look: Look, card: Card, view_name: str | None) -> Node:
    """Return what greets. After a greeting it may be a word instead, without a link."""
    if card.greeted and look.setting("after") == "sent":
        return e("p", look.words("greeted"))
    text = e("span", suggestion(look, card))
    if card.button:
        return e(
            "button",
            text,
            type="button",
            aria_label=greet_label(look, card),
            on={"click": Call(f"{PARTS}birthday-dialog?slug={card.person.slug}")},
            data_view_name=view_name,
        )
    href = compose_link(card.to, urn_of=card.urn_of, prop="BIRTHDAY", body=suggestion(look, card))
    return e(
        "a",
        text,
        href=href,
        aria_label=greet_label(look, card),
        aria_disabled="false",
        cls=look.cls("control"),
        data_view_name=view_name,
    )


def separator() -> Node:
    return e("div", e("hr", role="presentation"))


def games_strip(look: Look) -> Node:
    """Return the strip of games that stands between two cards: a list of links, but no list item."""
    games = [
        e("a", e("p", name), href=f"/games/{name.lower()}/", aria_disabled="false")
        for name in ("Zip", "Tango", "Queens")
    ]
    return e(
        "div",
        e("p", look.words("games")),
        e("div", e("div", games, role="list"), data_testid="carousel"),
        cls=look.cls("strip"),
    )


def advertisement(look: Look) -> Node:
    """Return an advertisement, which is a list item too."""
    return e(
        "div",
        e("p", look.words("ad")),
        e("a", look.words("ad_link"), href="/company/setup/new/"),
        role="listitem",
        componentkey=new_key(),
        cls=look.cls("card"),
    )


def ember_card(look: Look, card: Card, number: int) -> Node:
    """Return a card of the older front end: its button opens the overlay and carries no id."""
    person = card.person
    photo = look.words("photo", name=person.name)
    return e(
        "article",
        e(
            "a",
            e("img", alt=photo, src="data:,", cls="ivm-view-attr__img--centered"),
            href=slug_path(person),
            cls="app-aware-link props-s-card__actor",
        ),
        e(
            "div",
            e("div", e("strong", person.name), cls="props-s-card-content__actor"),
            e("span", *sentence(look, card), cls="props-s-card-content__headline"),
            cls="props-s-card-content",
        ),
        e(
            "button",
            e("span", suggestion(look, card), cls="artdeco-button__text"),
            cls="props-s-cta artdeco-button artdeco-button--secondary ember-view",
            type="button",
            aria_label=greet_label(look, card),
            on={"click": Call(f"{PARTS}birthday-overlay?slug={person.slug}")},
        ),
        ref=card.ref,
        id=f"ember{300 + number}",
        style="min-height:112px",
        cls="props-s-card artdeco-card",
        data_view_name="props-nurture-card",
    )
