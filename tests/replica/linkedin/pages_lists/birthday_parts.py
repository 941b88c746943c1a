"""What is around the cards of the birthdays page, its dialog, and cards of other events."""

from tests.replica.linkedin.pages_lists.birthday_cards import Card, suggestion
from tests.replica.linkedin.pages_lists.look import Look, compose_link, new_key, profile_link
from tests.replica.linkedin.pages_lists.page import PARTS, SCREENS
from tests.replica.linkedin.pages_lists.tree import Call, Node, e, remove, set_attribute
from tests.replica.linkedin.people import Person


def sdui_frame(look: Look, screen: str, current: int) -> Node:
    pills = [
        e("button", text, type="button", aria_current="true" if n == current else None)
        for n, text in enumerate(look.word_list("pills"))
    ]
    tabs = e(
        "div",
        e("button", look.words("tab_grow"), type="button"),
        e(
            "button",
            look.words("tab_catch_up"),
            type="button",
            aria_current="true",
            aria_label=look.words("tab_label"),
        ),
    )
    column = e(
        "div",
        e("div", ref="loader", cls=look.cls("loader")),
        role="list",
        data_testid="lazy-column",
        ref="list",
    )
    return e(
        "div",
        tabs,
        e("div", pills),
        column,
        role="main",
        data_sdui_screen=f"{SCREENS}mynetwork.{screen}",
        componentkey=new_key(),
    )


def ember_frame(look: Look) -> Node:
    heading = e("h1", look.words("title"), cls="t-20 t-black")
    pills = [
        e("button", text, type="button", cls="artdeco-pill", aria_pressed="true" if n == 2 else "false")
        for n, text in enumerate(look.word_list("pills"))
    ]
    loader = e("div", ref="loader", cls="artdeco-loader")
    return e(
        "section", heading, e("div", pills), e("div", loader, ref="list", cls="props-list"), id="ember90"
    )


def empty_state(look: Look) -> tuple[Node, ...]:
    kind = "artdeco-empty-state" if look.ember else look.cls("empty")
    return (e("div", e("h2", look.words("empty")), e("p", look.words("empty_hint")), cls=kind),)


def job_change(look: Look, person: Person) -> Node:
    """Return a card of another event, with a text of its own in its link."""
    body = "Congrats on your new position!"
    link = e(
        "a",
        body,
        href=compose_link(person, prop="JOB_CHANGE", body=body),
        aria_label=f"Message {person.name}: {body}",
    )
    profile = e(
        "a",
        e("figure", role="image", aria_label=person.name),
        href=profile_link(person),
    )
    item = e(
        "div",
        profile,
        e("p", person.name),
        e("p", "New position"),
        link,
        role="listitem",
        componentkey=new_key(),
    )
    return e("div", item, data_display_contents="true", cls=look.cls("shown"))


def dialog(look: Look, card: Card) -> Node:
    """Return the dialog with a text area. It names the person by name only."""
    area = e(
        "textarea",
        suggestion(look, card),
        ref="text",
        rows="4",
        on={"input": (set_attribute("send", "disabled", None),)},
    )
    send = e(
        "button",
        look.words("send"),
        ref="send",
        type="button",
        disabled=True,
        componentkey=f"referralSendButton{new_key()}",
        on={"click": Call(f"{PARTS}birthday-send?slug={card.person.slug}", "POST", {"text": "text"})},
    )
    close = e(
        "button", "✕", type="button", aria_label=look.words("dismiss"), on={"click": (remove("dialog"),)}
    )
    content = e("div", close, e("p", card.person.name), e("p", look.words("dialog_event")), area, send)
    return e(
        "dialog",
        e("div", content, data_sdui_screen=f"{SCREENS}messaging.SendMessage", data_testid="dialog-content"),
        ref="dialog",
        data_testid="dialog",
        aria_label=look.words("dialog"),
    )
