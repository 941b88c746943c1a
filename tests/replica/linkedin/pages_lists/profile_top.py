"""The top card of a profile in the newer front end, its sticky copy, and tiles of strangers."""

from urllib.parse import urlencode

from tests.replica.linkedin.pages_lists.look import (
    Look,
    compose_link,
    new_key,
    profile_link,
    slug_path,
)
from tests.replica.linkedin.pages_lists.page import PARTS, SCREENS
from tests.replica.linkedin.pages_lists.profile_facts import Facts
from tests.replica.linkedin.pages_lists.tree import Call, Child, Node, e
from tests.replica.linkedin.people import MEMBER_SLUG, Person

_CARD = "com.linkedin.sdui.profile.card.ref"
_STILL_H1 = "ben-plain"


def card_key(person: Person, section: str) -> str:
    """Return the componentkey of a section, which holds the member id."""
    return f"{_CARD}{person.member_id}{section}"


def is_own(person: Person) -> bool:
    return person.slug == MEMBER_SLUG


def heading(look: Look, person: Person) -> Node:
    """Return the name. Some pages still have `h1`."""
    tag = "h1" if look.setting("heading") == "h1" or person.slug == _STILL_H1 else "h2"
    return e(tag, person.name, cls=look.cls("name"))


def degree_lines(look: Look, person: Person) -> list[Node]:
    """Return the degree. Of first and second both are in the page, the wrong one hidden by its class."""
    first, second, third = look.word_list("degrees")
    if is_own(person):
        return []
    if person.degree == 3:
        return [e("p", third)]
    wrong, right = (second, first) if person.degree == 1 else (first, second)
    shown = e("div", e("p", right), data_display_contents="true", cls=look.cls("shown"))
    hidden = e("div", e("p", wrong), data_display_contents="true", cls=look.cls("hidden"))
    return [hidden, shown] if person.degree == 2 else [shown, hidden]


def message_link(look: Look, person: Person) -> Node:
    """Return the Message link, the same for every degree; or a button without an address."""
    text = e("span", look.words("message"))
    if look.setting("message") == "button":
        label = look.words("message_other", name=person.name)
        call = Call(f"{PARTS}profile-overlay?id={person.member_id}")
        return e("button", text, type="button", aria_label=label, on={"click": call})
    href = compose_link(person, context="NON_SELF_PROFILE_VIEW")
    return e("a", text, href=href, aria_disabled="false", cls=look.cls("button"))


def connect_link(look: Look, person: Person) -> Node:
    """Return the link that would invite; its parameter is the slug as it is, not encoded."""
    return e(
        "div",
        e(
            "a",
            e("span", look.words("connect")),
            href=f"/preload/custom-invite/?vanityName={person.slug}",
            aria_label=look.words("connect_label", name=person.name),
            aria_disabled="false",
        ),
        componentkey=f"ConnectButtonstate:invitation:urn:li:member:{person.number}_connect",
        data_display_contents="true",
        cls=look.cls("shown"),
    )


def pending_link(look: Look, person: Person) -> Node:
    """Return the Pending link, whose address is the profile itself."""
    return e(
        "div",
        e(
            "a",
            e("span", look.words("pending")),
            href=profile_link(person),
            aria_label=look.words("pending_label", name=person.name),
            aria_disabled="false",
        ),
        componentkey=f"ConnectButtonstate:invitation:urn:li:member:{person.number}_pending",
        data_display_contents="true",
        cls=look.cls("shown"),
    )


def follow_button(look: Look, person: Person) -> Node:
    label = look.words("follow_label", name=person.name)
    return e("button", e("span", look.words("follow")), type="button", aria_label=label)


def actions(look: Look, person: Person, place: str) -> list[Node]:
    """Return what the member can do with the person, most used first."""
    if is_own(person):
        edit = f"{slug_path(person)}edit/intro/"
        return [e("a", e("span", look.words("open_intro")), href=edit, aria_label=look.words("open_intro"))]
    more = e(
        "button",
        e("span", look.words("more")),
        type="button",
        aria_expanded="false",
        ref=f"more-{place}",
        on={"click": Call(f"{PARTS}profile-menu?id={person.member_id}")},
    )
    if person.pending:
        return [pending_link(look, person), message_link(look, person), more]
    if person.degree == 1:
        return [message_link(look, person), more]
    if person.degree == 2:
        return [connect_link(look, person), message_link(look, person), more]
    return [follow_button(look, person), message_link(look, person), more]


def toolbar(look: Look, person: Person) -> Node:
    """Return the sticky copy of the top card."""
    parts = [e("p", person.name), e("p", person.headline), *actions(look, person, "sticky")]
    return e("div", parts, role="toolbar", cls=look.cls("sticky"))


def top_card(look: Look, person: Person, facts: Facts) -> Node:
    verified = e(
        "a", e("span", look.words("verified")), href="/trust/verification/", aria_label=look.words("verified")
    )
    connections = [
        e("p", "500+" if facts.connections > 200 else str(facts.connections)),
        e("p", look.words("connections")),
    ]
    own_list = f"/search/results/people/?connectionOf=%5B%22{person.member_id}%22%5D&network=%5B%22F%22%5D"
    section = e(
        "section",
        e("div", e("img", alt="", src="data:,"), aria_label=look.words("photo"), role="img"),
        e(
            "div",
            heading(look, person),
            verified if facts.verified else None,
            e("p", facts.pronouns) if facts.pronouns else None,
            degree_lines(look, person),
        ),
        e("p", person.headline),
        e("p", e("p", f"{facts.jobs[0].company} · {facts.school}")),
        e("p", facts.city),
        e("a", look.words("contact"), href=f"{slug_path(person)}overlay/contact-info/"),
        e("a", connections, href=own_list) if person.degree == 1 else e("div", connections),
        e("div", actions(look, person, "top"), cls=look.cls("actions")),
    )
    return e("div", section, componentkey=card_key(person, "Topcard"), cls=look.cls("card"))


def frame(look: Look, person: Person, *content: Node) -> Node:
    """Return the column of the page; older accounts have a wrapper that names the screen."""
    column = e("div", content, data_testid="lazy-column", ref="column")
    if look.setting("wrapper") == "1":
        return e("div", column, role="main", data_sdui_screen=f"{SCREENS}profile.Profile")
    return e("div", e("div", e("div", column)))


def tile(look: Look, stranger: Person) -> Node:
    """Return a tile of somebody else: links inside a link, and actions as those of the profile."""
    inner = e("p", e("a", stranger.name, href=profile_link(stranger)))
    card = e("a", inner, e("p", stranger.headline), href=profile_link(stranger), aria_disabled="false")
    action = connect_link(look, stranger) if stranger.degree == 2 else follow_button(look, stranger)
    return e("li", card, e("a", e("span", look.words("message")), href=compose_link(stranger)), action)


def strangers(look: Look, title: str, people: list[Person]) -> Node:
    return e("section", e("h2", title), e("ul", [tile(look, one) for one in people]), componentkey=new_key())


def menu(look: Look, person: Person) -> Node:
    """Return the menu under More, which the site puts at the end of the body."""
    send = f"/messaging/compose/?{urlencode({'body': profile_link(person), 'interop': 'msgOverlay'})}"
    about_them: Child = e(
        "div", look.words("connect"), aria_label=look.words("connect_label", name=person.name)
    )
    if person.degree == 1 or person.pending:
        about_them = look.words("remove" if person.degree == 1 else "pending")
    report = f"/safety/report/?urn=urn%3Ali%3Amember%3A{person.number}"
    return e(
        "div",
        e("a", look.words("send_profile"), href=send, role="menuitem"),
        e("div", look.words("save_pdf"), role="menuitem", tabindex="0"),
        e("div", about_them, role="menuitem", tabindex="0"),
        e("a", look.words("report"), href=report, role="menuitem"),
        role="menu",
        ref="menu",
    )
