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
from tests.replica.linkedin.pages_lists.birthday_parts import (
    dialog,
    ember_frame,
    empty_state,
    job_change,
    sdui_frame,
)
from tests.replica.linkedin.pages_lists.look import Look
from tests.replica.linkedin.pages_lists.page import PARTS, answer_page, answer_part
from tests.replica.linkedin.pages_lists.toasts import toast
from tests.replica.linkedin.pages_lists.tree import (
    Call,
    Effect,
    Json,
    Node,
    append,
    before,
    e,
    remove,
    replace,
)
from tests.replica.linkedin.people import Person
from tests.replica.linkedin.world import World

_FIRST = 10
_PATH = "/mynetwork/catch-up/birthday/"
_OLD_PATH = "/mynetwork/invite-connect/celebrations/birthdays/"


class BirthdayPages:
    """The birthdays, all events, and the dialog of a card whose control is a button.

    Settings: `birthdays.grow` "scroll" (no button); `birthdays.empty` "silent" (no text when empty);
    `birthdays.view_names` "1" (as in 2025); `birthdays.late` "relative" (days ago, not a date);
    `birthdays.after` "sent" (a greeted card has a word in place of its link); `birthdays.upcoming`,
    `birthdays.wrong_slug`, `birthdays.ids_disagree`: slugs of people with such a card.
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
        frame = ember_frame(look) if look.ember else sdui_frame(look, "CatchUpBirthday", 2)
        if self._world.has_fault(FaultName.LIST_NEVER_FILLS, path=request.url.path):
            return answer_page(look, request, title, append("main", frame, after_ms=60))
        empty = self._world.has_fault(FaultName.BIRTHDAYS_EMPTY, path=request.url.path)
        cards = [] if empty else self._cards(look)
        if not cards:
            shown = () if look.setting("empty") == "silent" else empty_state(look)
            return answer_page(
                look,
                request,
                title,
                append("main", frame, after_ms=60),
                replace("loader", *shown, after_ms=150),
            )
        nodes = _rows(look, cards[:_FIRST], 0)
        half = len(nodes) // 2
        return answer_page(
            look,
            request,
            title,
            append("main", frame, after_ms=60),
            before("loader", *nodes[:half], after_ms=120),
            before("loader", *nodes[half:], after_ms=120),
            replace("loader", *_grow(look, len(cards))),
        )

    async def more(self, request: Request) -> Response:
        look = Look(self._world, "birthdays")
        start = int(request.query_params.get("start", str(_FIRST)))
        size = 4 if look.ember else 100
        cards = self._cards(look)
        nodes = _rows(look, cards[start : start + size], start)
        left = _grow(look, len(cards), start + size)
        return answer_part(look, before("grow", *nodes, after_ms=100), replace("grow", *left))

    async def all_events(self, request: Request) -> Response:
        """Show other events beside birthdays; their links also carry a text, but another `propUrn`."""
        look = Look(self._world, "birthdays")
        frame = ember_frame(look) if look.ember else sdui_frame(look, "CatchUpAll", 0)
        jobs = [job_change(look, self._world.people[slug]) for slug in ("ben-plain", "cleo-plain")]
        nodes = _rows(look, self._cards(look)[:4], 0)
        return answer_page(
            look,
            request,
            look.words("title"),
            append("main", frame, after_ms=60),
            before("loader", jobs[0], *nodes, jobs[1], after_ms=120),
            remove("loader"),
        )

    async def dialog(self, request: Request) -> Response:
        look = Look(self._world, "birthdays")
        card = self._card(look, request)
        if card is None:
            return Response(status_code=404)
        return answer_part(look, append("body", dialog(look, card)), Effect("modal", "dialog"))

    async def overlay(self, request: Request) -> Response:
        """Open the conversation with the suggestion in its composer."""
        look = Look(self._world, "birthdays")
        card = self._card(look, request)
        if card is None:
            return Response(status_code=404)
        value: Json = {"recipient": card.to.member_id, "body": suggestion(look, card)}
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
        made = [self._make_card(look, person) for person in self._world.birthdays()]
        cards = sorted((card for card in made if card is not None), key=lambda card: card.days_ago)
        twice = [card for card in cards if card.person.birthday and card.person.birthday.twice]
        cards[_FIRST:_FIRST] = twice
        soon = self._world.people.get(look.setting("upcoming"))
        if soon is not None:
            cards.insert(1, Card(soon, TOMORROW, soon, soon, button=False))
        return cards

    def _make_card(self, look: Look, person: Person) -> Card | None:
        birthday = person.birthday
        greeted = any(
            effect.kind == "message" for effect in self._world.ledger() if effect.slug == person.slug
        )
        if birthday is None or (greeted and not birthday.stays):
            return None
        other = self._world.people["cleo-plain"]
        to = self._world.people[birthday.id_of] if birthday.id_of else person
        if look.setting("wrong_slug") == person.slug:
            to = other
        disagree = look.setting("ids_disagree") == person.slug or (
            person.slug == "omar-sample" and self._world.faults.peek(FaultName.IDS_DISAGREE) is not None
        )
        urn_of = other if disagree else to
        return Card(person, birthday.days_ago, to, urn_of, birthday.form == "button", greeted)


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
