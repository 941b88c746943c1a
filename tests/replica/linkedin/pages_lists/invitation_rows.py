"""The rows and dialogs of the invitations, in the markup of both front ends."""

from tests.replica.linkedin.pages_lists.look import Look, load_words, new_key, profile_link, slug_path
from tests.replica.linkedin.pages_lists.page import PARTS, SCREENS
from tests.replica.linkedin.pages_lists.tree import Call, Node, e, remove
from tests.replica.linkedin.people import Person

SENT_PATH = "/mynetwork/invitation-manager/sent/"


def age(look: Look, days: int) -> str:
    """Return how long ago an invitation was sent, rounded down."""
    if days == 0:
        return look.words("age_today") if look.ember else look.word_list("age_hours")[1].format(n=21)
    if days == 1:
        return look.words("age_yesterday")
    for key, length in (("age_years", 365), ("age_months", 30), ("age_weeks", 7), ("age_days", 1)):
        if days >= length:
            number = days // length
            return look.word_list(key)[number > 1].format(n=number)
    raise ValueError(f"a negative age: {days}")


def sdui_row(look: Look, person: Person, days: int) -> Node:
    """Return a sent invitation of the newer front end; what withdraws it is a link to the page itself."""
    photo = look.words("photo", name=person.name)
    tail = look.words("tail")
    name = e("p", person.name, e("span", tail, cls="visually-hidden") if tail else None)
    return e(
        "div",
        e(
            "a",
            e("figure", e("img", alt=photo, src="data:,"), role="image", aria_label=photo),
            href=profile_link(person),
        ),
        e("a", e("div", name, e("p", person.headline), e("p", age(look, days))), href=profile_link(person)),
        e(
            "a",
            e("span", look.words("withdraw")),
            href=SENT_PATH,
            aria_label=look.words("withdraw_label", name=person.name),
            aria_disabled="false",
            on={"click": Call(f"{PARTS}withdraw-dialog?slug={person.slug}")},
        ),
        ref=f"row-{person.slug}",
        role="listitem",
        componentkey=new_key(),
        cls=look.cls("card"),
    )


def ember_row(look: Look, person: Person, days: int) -> Node:
    """Return a sent invitation of the older front end."""
    link = e(
        "a",
        e("span", person.name, cls="invitation-card__title"),
        href=slug_path(person),
        cls="app-aware-link",
    )
    return e(
        "li",
        e(
            "div",
            link,
            e("div", person.headline, cls="invitation-card__subtitle"),
            cls="invitation-card__details",
        ),
        e("time", age(look, days), cls="time-badge t-12"),
        e(
            "button",
            e("span", look.words("withdraw"), cls="artdeco-button__text"),
            cls="artdeco-button invitation-card__action-btn",
            type="button",
            on={"click": Call(f"{PARTS}withdraw-dialog?slug={person.slug}")},
        ),
        ref=f"row-{person.slug}",
        cls="invitation-card artdeco-list__item",
        style="min-height:112px",
    )


def notice_words(look: Look, key: str, **values: str) -> str:
    """Return a text of a dialog or toast. On a Polish page these are English, as pages mix languages."""
    language = "en" if look.language == "pl" else look.language
    text: str = load_words(language)["invitations"][key]
    return text.format(**values)


def sdui_dialog(look: Look, person: Person, named: Person) -> Node:
    """Return the native dialog, which has no role attribute. Its button names `named`."""
    call = Call(f"{PARTS}withdraw?slug={person.slug}", "POST")
    content = e(
        "div",
        e("h2", notice_words(look, "dialog"), id="dialog-header"),
        e("p", notice_words(look, "warning")),
        e(
            "button",
            e("span", notice_words(look, "cancel")),
            type="button",
            on={"click": (remove("dialog"),)},
        ),
        e(
            "button",
            e("span", notice_words(look, "withdraw")),
            type="button",
            aria_label=notice_words(look, "withdraw_label", name=named.name),
            on={"click": call},
        ),
        data_sdui_screen=f"{SCREENS}invitations.WithdrawConfirmationDialog",
    )
    return e("dialog", content, ref="dialog", data_testid="dialog", aria_labelledby="dialog-header")


def ember_dialog(look: Look, person: Person) -> Node:
    """Return the dialog of the older front end, which doesn't name the person."""
    call = Call(f"{PARTS}withdraw?slug={person.slug}", "POST")
    style = "artdeco-modal__confirm-dialog-btn artdeco-button"
    return e(
        "div",
        e(
            "div",
            e("h2", notice_words(look, "dialog"), id="ember901"),
            e("p", notice_words(look, "warning")),
            e(
                "button",
                e("span", notice_words(look, "cancel")),
                cls=style,
                type="button",
                on={"click": (remove("dialog"),)},
            ),
            e(
                "button",
                e("span", notice_words(look, "withdraw")),
                cls=f"{style} artdeco-button--primary",
                type="button",
                on={"click": call},
            ),
            role="alertdialog",
            aria_labelledby="ember901",
            cls="artdeco-modal artdeco-modal--layer-confirmation",
        ),
        ref="dialog",
        cls="artdeco-modal-overlay",
    )


def received_rows(look: Look, connects: Person, follows: Person) -> list[Node]:
    """Return received invitations: one to connect, and one to follow a page, which has a person's link."""
    accept = e("button", "✓", type="button", aria_label=look.words("accept", name=connects.name))
    ignore = e("button", "✕", type="button", aria_label=look.words("ignore", name=connects.name))
    rows = [
        [
            e("a", e("p", look.words("wants", name=connects.name)), href=profile_link(connects)),
            accept,
            ignore,
        ],
        [
            e(
                "a",
                e("p", look.words("page_follow", name=follows.name, page="Sample Works")),
                href=profile_link(follows),
            ),
            e("a", "Sample Works", href="/company/1000/"),
            e("button", "✓", type="button", aria_label=look.words("accept", name=follows.name)),
        ],
    ]
    if look.ember:
        return [e("li", row, cls="invitation-card artdeco-list__item") for row in rows]
    return [e("div", row, role="listitem", componentkey=new_key()) for row in rows]
