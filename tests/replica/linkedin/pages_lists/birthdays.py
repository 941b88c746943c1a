"""The birthdays page: ten cards, then more on request."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from api_stub.sandbox.faults import FaultName
from tests.replica.linkedin.pages_lists.birthday_cards import (
    TOMORROW,
    Card,
    advertisement,
    ember_card,
    games_strip,
    sdui_card,
    separator,
    suggestion,
)
from tests.replica.linkedin.pages_lists.look import Look, compose_link, new_key
from tests.replica.linkedin.pages_lists.page import PARTS, SCREENS, answer_page, answer_part
from tests.replica.linkedin.pages_lists.toasts import toast
from tests.replica.linkedin.pages_lists.tree import (
    Call,
    Effect,
    Node,
    append,
    before,
    e,
    remove,
    replace,
    set_attribute,
)
from tests.replica.linkedin.people import Person
from tests.replica.linkedin.world import World

_FIRST = 10
_PATH = "/mynetwork/catch-up/birthday/"
_OLD_PATH = "/mynetwork/invite-connect/celebrations/birthdays/"


class BirthdayPages:
    """The birthdays, all events, and the dialog of a card whose control is a button.

    Settings: `birthdays.grow` "scroll" (no button); `birthdays.empty` "silent" (no text when empty);
    `birthdays.view_names` "1" (as in 2025); `birthdays.upcoming`, `birthdays.wrong_slug`,
    `birthdays.ids_disagree`: slugs of people with such a card.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        return [
            Route(_PATH, self.page),
            Route("/mynetwork/catch-up/all/", self.all_events),
            Route(_OLD_PATH, self.old_address),
            Route(f"{PARTS}birthdays", self.more),
            Route(f"{PARTS}birthday-dialog", self.dialog),
            Route(f"{PARTS}birthday-overlay", self.overlay),
            Route(f"{PARTS}birthday-send", self.send, methods=["POST"]),
        ]

    async def old_address(self, _: Request) -> Response:
        return RedirectResponse(_PATH, 302)

    async def page(self, request: Request) -> Response:
        look = Look(self._world, "birthdays")
        title = look.words("title")
        frame = _ember_frame(look) if look.ember else _sdui_frame(look, "CatchUpBirthday", 2)
        if self._world.has_fault(FaultName.LIST_NEVER_FILLS, path=request.url.path):
            return answer_page(look, request, title, append("main", frame, after_ms=150))
        empty = self._world.has_fault(FaultName.BIRTHDAYS_EMPTY, path=request.url.path)
        cards = [] if empty else self._cards(look)
        if not cards:
            shown = () if look.setting("empty") == "silent" else _empty_state(look)
            return answer_page(
                look, request, title, append("main", frame, after_ms=150), replace("loader", *shown, after_ms=400)
            )
        nodes = _rows(look, cards[:_FIRST], 0)
        half = len(nodes) // 2
        return answer_page(
            look,
            request,
            title,
            append("main", frame, after_ms=150),
            before("loader", *nodes[:half], after_ms=300),
            before("loader", *nodes[half:], after_ms=300),
            replace("loader", *_grow(look, len(cards))),
        )

    async def more(self, request: Request) -> Response:
        look = Look(self._world, "birthdays")
        start = int(request.query_params.get("start", str(_FIRST)))
        size = 4 if look.ember else 100
        cards = self._cards(look)
        nodes = _rows(look, cards[start : start + size], start)
        left = _grow(look, len(cards), start + size)
        return answer_part(look, before("grow", *nodes, after_ms=250), replace("grow", *left))

    async def all_events(self, request: Request) -> Response:
        """Show other events beside birthdays; their links also carry a text, but another `propUrn`."""
        look = Look(self._world, "birthdays")
        frame = _ember_frame(look) if look.ember else _sdui_frame(look, "CatchUpAll", 0)
        jobs = [_job_change(look, self._world.people[slug]) for slug in ("ben-plain", "cleo-plain")]
        nodes = _rows(look, self._cards(look)[:4], 0)
        return answer_page(
            look,
            request,
            look.words("title"),
            append("main", frame, after_ms=150),
            before("loader", jobs[0], *nodes, jobs[1], after_ms=300),
            remove("loader"),
        )

    async def dialog(self, request: Request) -> Response:
        look = Look(self._world, "birthdays")
        card = self._card(look, request)
        if card is None:
            return Response(status_code=404)
        return answer_part(look, append("body", _dialog(look, card)), Effect("modal", "dialog"))

    async def overlay(self, request: Request) -> Response:
        """Open the conversation with the suggestion in its composer."""
        look = Look(self._world, "birthdays")
        card = self._card(look, request)
        if card is None:
            return Response(status_code=404)
        value = {"recipient": card.to.member_id, "body": suggestion(look, card)}
        return answer_part(look, Effect("overlay", value=value))

    async def send(self, request: Request) -> Response:
        look = Look(self._world, "birthdays")
        card = self._card(look, request)
        text = str((await request.json()).get("text", ""))
        if card is None or not text.strip():
            return Response(status_code=400)
        if not self._world.has_fault(FaultName.SEND_NO_EFFECT, card.person, request.url.path):
            self._world.send(card.person, text)
        told = toast(look, look.words("sent"))
        gone = card.person.birthday is not None and not card.person.birthday.stays
        return answer_part(look, remove("dialog"), told, *([remove(card.ref)] if gone else []))

    def _card(self, look: Look, request: Request) -> Card | None:
        slug = request.query_params.get("slug", "")
        return next((card for card in self._cards(look) if card.person.slug == slug), None)

    def _cards(self, look: Look) -> list[Card]:
        """Return every card in the order of the page: today first; somebody may be on it twice."""
        people = sorted(self._world.birthdays(), key=lambda person: person.birthday.days_ago if person.birthday else 0)
        cards = [card for person in people if (card := self._make_card(look, person)) is not None]
        twice = [card for card in cards if card.person.birthday and card.person.birthday.twice]
        cards[_FIRST:_FIRST] = twice
        soon = self._world.people.get(look.setting("upcoming"))
        if soon is not None:
            cards.insert(1, Card(soon, TOMORROW, soon, soon, button=False))
        return cards

    def _make_card(self, look: Look, person: Person) -> Card | None:
        birthday = person.birthday
        greeted = any(message.outgoing for message in self._world.threads.get(person.slug, []))
        if birthday is None or (greeted and not birthday.stays):
            return None
        other = next(one for one in self._world.people.values() if one.slug == "cleo-plain")
        to = self._world.people[birthday.id_of] if birthday.id_of else person
        if look.setting("wrong_slug") == person.slug:
            to = other
        disagree = look.setting("ids_disagree") == person.slug or (
            person.slug == "omar-sample" and self._world.faults.peek(FaultName.IDS_DISAGREE) is not None
        )
        return Card(person, birthday.days_ago, to, other if disagree else to, birthday.form == "button")


def _sdui_frame(look: Look, screen: str, current: int) -> Node:
    pills = [
        e("button", text, type="button", aria_current="true" if n == current else None)
        for n, text in enumerate(look.word_list("pills"))
    ]
    tabs = e(
        "div",
        e("button", look.words("tab_grow"), type="button"),
        e("button", look.words("tab_catch_up"), type="button", aria_current="true", aria_label=look.words("tab_label")),
    )
    column = e(
        "div", e("div", ref="loader", cls=look.cls("loader")), role="list", data_testid="lazy-column", ref="list"
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


def _ember_frame(look: Look) -> Node:
    heading = e("h1", look.words("title"), cls="t-20 t-black")
    pills = [
        e("button", text, type="button", cls="artdeco-pill", aria_pressed="true" if n == 2 else "false")
        for n, text in enumerate(look.word_list("pills"))
    ]
    loader = e("div", ref="loader", cls="artdeco-loader")
    return e("section", heading, e("div", pills), e("div", loader, ref="list", cls="props-list"), id="ember90")


def _empty_state(look: Look) -> tuple[Node, ...]:
    kind = "artdeco-empty-state" if look.ember else look.cls("empty")
    return (e("div", e("h2", look.words("empty")), e("p", look.words("empty_hint")), cls=kind),)


def _rows(look: Look, cards: list[Card], start: int) -> list[Node]:
    """Return cards with what stands between them: rules, the games after the third, an ad after the sixth."""
    if look.ember:
        return [ember_card(look, card, start + n) for n, card in enumerate(cards)]
    view_names = look.setting("view_names") == "1"
    nodes: list[Node] = []
    for number, card in enumerate(cards, start + 1):
        nodes += [sdui_card(look, card, view_names=view_names), separator()]
        if number == 3:
            nodes += [games_strip(look), separator()]
        if number == 6:
            nodes += [advertisement(look), separator()]
    return nodes


def _grow(look: Look, total: int, start: int = _FIRST) -> tuple[Node, ...]:
    """Return what loads the rest of the list: a button, or the end of the list scrolled into view."""
    if start >= total:
        return ()
    call = Call(f"{PARTS}birthdays?start={start}")
    if look.ember or look.setting("grow") == "scroll":
        return (e("div", ref="grow", on={"visible": call}, cls=look.cls("card")),)
    return (e("div", e("button", look.words("more"), type="button", on={"click": call}), ref="grow"),)


def _job_change(look: Look, person: Person) -> Node:
    """Return a card of another event, with a text of its own in its link."""
    body = "Congrats on your new position!"
    link = e("a", body, href=compose_link(person, prop="JOB_CHANGE", body=body), aria_label=f"Message {person.name}: {body}")
    profile = e("a", e("figure", role="image", aria_label=person.name), href=f"https://www.linkedin.com/in/{person.slug}/")
    item = e("div", profile, e("p", person.name), e("p", "New position"), link, role="listitem", componentkey=new_key())
    return e("div", item, data_display_contents="true", cls=look.cls("shown"))


def _dialog(look: Look, card: Card) -> Node:
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
    close = e("button", "×", type="button", aria_label=look.words("dismiss"), on={"click": (remove("dialog"),)})
    content = e("div", close, e("p", card.person.name), e("p", look.words("dialog_event")), area, send)
    return e(
        "dialog",
        e("div", content, data_sdui_screen=f"{SCREENS}messaging.SendMessage", data_testid="dialog-content"),
        ref="dialog",
        data_testid="dialog",
        aria_label=look.words("dialog"),
    )
