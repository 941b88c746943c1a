"""Conversations: the full pages, the calls of their script, and the frame that can hold a third form."""

# ruff: noqa: RUF001 -- pages contain curly apostrophes

from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from api_stub.sandbox.faults import FaultName
from api_stub.sandbox.gate import withhold_response
from tests.replica.linkedin.drift import drift
from tests.replica.linkedin.gate import HANG
from tests.replica.linkedin.ids import Message, message_urn
from tests.replica.linkedin.panes import Tricks, describe_message, describe_pane, describe_row
from tests.replica.linkedin.people import Person
from tests.replica.linkedin.shell import TEMPLATES, Content, bare, respond
from tests.replica.linkedin.words import words_of
from tests.replica.linkedin.world import World

_CALLS = "/voyager/api/"
_MAIN = (
    '<div class="scaffold-layout__list-detail-inner msg__list-detail">'
    '<div class="scaffold-layout__list msg-conversations-container"></div>'
    '<div class="scaffold-layout__detail msg__detail"></div></div>'
)
_ROWS_PER_CALL = 20


class Messaging:
    """The pages and calls of conversations."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def inbox(self, request: Request) -> Response:
        """Show the inbox. Its script opens the newest conversation."""
        return self._page(request, {"open": "newest"})

    async def thread(self, request: Request) -> Response:
        """Show a conversation by its id."""
        person = self._world.by_thread(request.path_params["thread"])
        if person is None:
            return bare(
                "wall.html", kind="gone", title="LinkedIn", heading="This page doesn’t exist", status=404
            )
        return self._page(request, {"open": "thread", "recipient": person.member_id})

    async def compose(self, request: Request) -> Response:
        """Show the page for a new message; with `recipient`, for this person."""
        given = request.query_params.get("recipient", "")
        person = self._world.by_id(given)
        if given and person is None:
            return bare(
                "wall.html", kind="gone", title="LinkedIn", heading="This page doesn’t exist", status=404
            )
        body = request.query_params.get("body", "")
        return self._page(request, {"open": "compose", "recipient": given, "body": body})

    async def preload(self, _: Request) -> Response:
        """Return the frame of SDUI pages, which runs the older front end."""
        html = TEMPLATES.get_template("preload.html").render(language=self._world.language)
        return HTMLResponse(drift(html, self._world.drift))

    async def pane(self, request: Request) -> Response:
        """Return a conversation for the script, and mark it as read."""
        query = request.query_params
        person = self._world.by_id(query.get("recipient", "")) or self._world.by_thread(
            query.get("thread", "")
        )
        if person is None:
            return JSONResponse({}, 404)
        compose = query.get("mode") == "compose" and not (
            person.slug in self._world.threads
            and ("overlay" in query or self._world.settings.get("variant") == "b")
        )
        path = "/messaging/compose/" if compose else f"/messaging/thread/{query.get('thread', '')}/"
        if not compose:
            self._world.open_thread(person)
        tricks = Tricks(self._world, path, background="background" in query)
        body = query.get("body", "")
        return JSONResponse(describe_pane(self._world, person, tricks, compose=compose, body=body))

    async def talks(self, request: Request) -> Response:
        """Return twenty rows of the inbox from `start`."""
        start, talks = int(request.query_params.get("start", "0")), self._world.talks()
        rows = [describe_row(self._world, person) for person in talks[start : start + _ROWS_PER_CALL]]
        more = len(talks) > start + _ROWS_PER_CALL
        words = words_of(self._world.language, self._world.drift)
        return JSONResponse({"rows": rows, "more": more, "words": words})

    async def create_message(self, request: Request) -> Response:
        """Send a message, as the faults of a send allow."""
        body = await request.json()
        text = str(body["message"]["body"]["text"])
        person = self._world.by_id(str(body["hostRecipientUrns"][0]).rpartition(":")[2])
        if person is None or not text.strip():
            return JSONResponse({}, 422)
        faults, path = self._world.faults, request.url.path
        for name in (FaultName.SEND_NO_EFFECT, FaultName.FAILED_BUBBLE, FaultName.OTHER_THREAD_BUBBLE):
            if faults.take(name, path):
                return JSONResponse({"fault": name, "ghost": self._ghost(person, text)})
        new = person.slug not in self._world.threads
        late = faults.take(FaultName.LATE_SHOW_S, path)
        late_ms = int(float(late.value or 0) * 1000) if late else 0
        message = self._world.send(person, text, late_ms=late_ms)
        answer = {"message": describe_message(self._world, person, message), "first": new} | self._extras(
            person, path
        )
        if faults.take(FaultName.SEND_SWALLOWS_REPLY, path):
            await withhold_response(request.receive, HANG)
        if late:
            answer[FaultName.NO_SERVER_ID] = True
        return JSONResponse(answer)

    async def share(self, request: Request) -> Response:
        """Share the contact details: an effect that nobody asked for."""
        person = self._world.by_id((await request.json())["recipient"])
        self._world.record("shared", person.slug if person else "")
        return JSONResponse({})

    def _extras(self, person: Person, path: str) -> dict[str, Any]:
        faults, extras = self._world.faults, dict[str, Any]()
        if reply := faults.take(FaultName.REPLY_FIRST, path):
            theirs = self._world.receive(person, str(reply.value))
            extras["reply"] = describe_message(self._world, person, theirs)
        if faults.take(FaultName.TWO_BUBBLES, path):
            last = next(m for m in reversed(self._world.threads[person.slug]) if m.outgoing)
            twin = message_urn(last.at_ms + 1, 99_999, person.thread_uuid)
            extras["twin"] = describe_message(self._world, person, last) | {"urn": twin}
        for name in (FaultName.NO_SERVER_ID, FaultName.SHARE_PROMPT, FaultName.UNKNOWN_DIALOG,
                     FaultName.LEAVES_AFTER_SEND):  # fmt: skip
            if faults.take(name, path):
                extras[name] = True
        return extras

    def _ghost(self, person: Person, text: str) -> dict[str, Any]:
        """Return a message that looks sent, but in the conversation with somebody else."""
        now_ms = int(self._world.now().timestamp() * 1000)
        other = self._world.people["cleo-plain"]
        urn = message_urn(now_ms, 88_888, other.thread_uuid)
        return describe_message(self._world, person, Message(urn, now_ms, True, text))

    def _page(self, request: Request, data: dict[str, str]) -> Response:
        words = words_of(self._world.language, self._world.drift)
        content = Content(
            page="messaging", path=request.url.path, title=words["messaging_label"], main=_MAIN,
            scripts=("inbox.js",), data=data,
        )  # fmt: skip
        return respond(self._world, content, front_end="ember")


def _gone() -> Response:
    return bare("wall.html", kind="gone", title="LinkedIn", heading="This page doesn’t exist", status=404)


def routes(world: World) -> list[Route]:
    """Return the routes."""
    pages = Messaging(world)
    create = f"{_CALLS}voyagerMessagingDashMessengerMessages"
    return [
        Route("/messaging", lambda _: RedirectResponse("/messaging/", 301)),
        Route("/messaging/", pages.inbox),
        Route("/messaging/compose/", pages.compose),
        Route("/messaging/thread/{thread}/", pages.thread),
        Route("/preload/", pages.preload),
        Route(f"{_CALLS}pane", pages.pane),
        Route(f"{_CALLS}talks", pages.talks),
        Route(f"{_CALLS}share", pages.share, methods=["POST"]),
        Route(create, pages.create_message, methods=["POST"]),
    ]
