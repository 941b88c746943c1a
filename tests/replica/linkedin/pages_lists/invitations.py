"""Invitations: the sent ones with their dialog to withdraw, and the received ones."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from api_stub.sandbox.faults import FaultName
from tests.replica.linkedin.pages_lists.invitation_rows import (
    SENT_PATH,
    ember_dialog,
    ember_row,
    notice_words,
    received_rows,
    sdui_dialog,
    sdui_row,
)
from tests.replica.linkedin.pages_lists.look import Look, new_key
from tests.replica.linkedin.pages_lists.page import PARTS, SCREENS, answer_page, answer_part
from tests.replica.linkedin.pages_lists.toasts import toast
from tests.replica.linkedin.pages_lists.tree import (
    Effect,
    Node,
    append,
    before,
    e,
    remove,
    replace,
)
from tests.replica.linkedin.people import Person
from tests.replica.linkedin.world import World

_STEP = 10
_MANAGER = "/mynetwork/invitation-manager/"


class InvitationPages:
    """The invitation manager.

    Settings: `invitations.count` (a number that the tab says instead); `invitations.grow` "button";
    `invitations.row_stays` "1" (until the page is loaded again); `invitations.withdraw` "lies" (a success is
    told, but nothing happens); `invitations.empty` "silent" (no text when there are none).
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        return [
            Route(_MANAGER, self.manager),
            Route(SENT_PATH, self.sent),
            Route(f"{_MANAGER}received/", self.received),
            Route(f"{PARTS}withdraw-dialog", self.dialog),
            Route(f"{PARTS}withdraw", self.withdraw, methods=["POST"]),
        ]

    async def manager(self, _: Request) -> Response:
        return RedirectResponse(f"{_MANAGER}received/", 302)

    async def sent(self, request: Request) -> Response:
        look = Look(self._world, "invitations")
        title = look.words("title")
        make = ember_row if look.ember else sdui_row
        people = self._world.people
        ordered = sorted(self._world.invitations, key=lambda invitation: invitation.days_ago)
        rows = [make(look, people[one.slug], one.days_ago) for one in ordered]
        count = int(look.setting("count") or len(rows))
        frame = append("main", _frame(look, sent=True, count=count), after_ms=80)
        if self._world.has_fault(FaultName.LIST_NEVER_FILLS, path=request.url.path):
            return answer_page(look, request, title, frame)
        if not rows:
            silent = look.setting("empty") == "silent"
            nothing = (
                () if silent else (e("div", e("h2", look.words("none")), e("p", look.words("none_hint"))),)
            )
            return answer_page(look, request, title, frame, replace("loader", *nothing, after_ms=150))
        if self._world.has_fault(FaultName.SHORT_LIST, path=request.url.path):
            rows = rows[: len(rows) * 2 // 3]
        half = min(_STEP, len(rows)) // 2
        return answer_page(
            look,
            request,
            title,
            frame,
            before("loader", *_ruled(look, rows[:half]), after_ms=120),
            before("loader", *_ruled(look, rows[half:_STEP]), after_ms=120),
            replace("loader", *_grow(look, rows[_STEP:])),
        )

    async def received(self, request: Request) -> Response:
        look = Look(self._world, "invitations")
        rows = received_rows(look, self._world.people["gus-third"], self._world.people["ben-plain"])
        frame = append("main", _frame(look, sent=False, count=len(rows)), after_ms=80)
        shown = before("loader", *rows, after_ms=120)
        return answer_page(look, request, look.words("title"), frame, shown, remove("loader"))

    async def dialog(self, request: Request) -> Response:
        look = Look(self._world, "invitations")
        person = self._invited(request)
        if person is None:
            return Response(status_code=404)
        if look.ember:
            return answer_part(look, append("body", ember_dialog(look, person), after_ms=60))
        others = [one for one in self._world.people.values() if one.slug != person.slug]
        named = others[-1] if look.drift >= 3 else person
        shown = append("body", sdui_dialog(look, person, named), after_ms=60)
        return answer_part(look, shown, Effect("modal", "dialog"))

    async def withdraw(self, request: Request) -> Response:
        look = Look(self._world, "invitations")
        person = self._invited(request)
        if person is None:
            return Response(status_code=404)
        if self._world.has_fault(FaultName.WITHDRAW_FAILS, person, request.url.path):
            told = toast(look, notice_words(look, "failed", name=person.name), error=True)
            return answer_part(look, remove("dialog"), told)
        if look.setting("withdraw") != "lies":
            self._world.withdraw(person.slug)
        told = toast(look, notice_words(look, "done", name=person.name))
        gone = [] if look.setting("row_stays") == "1" else [remove(f"row-{person.slug}", after_ms=120)]
        return answer_part(look, remove("dialog"), told, *gone)

    def _invited(self, request: Request) -> Person | None:
        slug = request.query_params.get("slug", "")
        sent = any(invitation.slug == slug for invitation in self._world.invitations)
        return self._world.people[slug] if sent else None


def _frame(look: Look, *, sent: bool, count: int) -> Node:
    """Return tabs, the count, and the empty list. There is no count at zero."""
    tabs = e(
        "nav",
        e("a", look.words("received"), href=f"{_MANAGER}received/", aria_current=None if sent else "page"),
        e("a", look.words("sent"), href=SENT_PATH, aria_current="page" if sent else None),
        aria_label=look.words("title"),
    )
    counted = e(
        "button",
        look.words("count" if sent else "all", n=look.number(count)),
        type="button",
        aria_pressed="true",
    )
    if look.ember:
        loader = e("li", ref="loader", cls="artdeco-loader")
        head = e("h1", look.words("title"), cls="t-20")
        items = e("ul", loader, cls="artdeco-list mn-invitation-list")
        return e("section", head, tabs, counted if count else None, items, id="ember60")
    column = e("div", e("div", ref="loader", cls=look.cls("loader")), data_testid="lazy-column")
    holder = e("div", column, componentkey="InvitationManagerPage_InvitationsList")
    return e(
        "div",
        tabs,
        counted if count else None,
        holder,
        role="main",
        data_sdui_screen=f"{SCREENS}invitations.{'Sent' if sent else 'Received'}",
        componentkey=new_key(),
    )


def _ruled(look: Look, rows: list[Node]) -> list[Node]:
    """Return rows with a rule after each in the newer front end."""
    if look.ember:
        return rows
    return [node for row in rows for node in (row, e("hr", role="presentation"))]


def _grow(look: Look, rows: list[Node]) -> list[Node]:
    """Return what shows the rest, ten at a time. The rows are in the page's store: nothing is asked for."""
    if not rows:
        return []
    effects = (
        before("grow", *_ruled(look, rows[:_STEP]), after_ms=100),
        replace("grow", *_grow(look, rows[_STEP:])),
    )
    tag = "li" if look.ember else "div"
    if look.setting("grow") == "button":
        button = e("button", look.words("more"), type="button", on={"click": effects})
        return [e(tag, button, ref="grow")]
    return [e(tag, ref="grow", on={"visible": effects}, style="min-height:40px")]
