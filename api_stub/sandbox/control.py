"""The control endpoints for tests and demonstrations: faults, the ledger, and messages from people.

Every endpoint except the health check needs the control key.
"""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from datetime import date

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from api_stub.sandbox.client import KEY_HEADER
from api_stub.sandbox.faults import Fault, FaultName, Faults
from api_stub.sandbox.invitations import InvitationStore
from api_stub.sandbox.population.members import MEMBERS
from api_stub.sandbox.population.profiles import Profile
from api_stub.sandbox.population.store import connection_degree
from api_stub.sandbox.state import State
from api_stub.sandbox.texts import TEXTS


class Control:
    """The control endpoints. They change the network's behaviour, never the ledger."""

    def __init__(
        self, state: State, invitations: InvitationStore, faults: Faults, today: Callable[[], date], key: str
    ) -> None:
        self._state = state
        self._invitations = invitations
        self._faults = faults
        self._today = today
        self._key = key.encode()

    def mount(self) -> Mount:
        """Return the routes."""
        return Mount(
            "/_sandbox",
            routes=[
                Route("/health", lambda _: JSONResponse({"ok": True})),
                Route("/faults", self.read_faults, methods=["GET"]),
                Route("/faults", self.set_faults, methods=["POST"]),
                Route("/ledger", self.ledger),
                Route("/views", self.views),
                Route("/people", self.people),
                Route("/birthdays", self.add_birthdays, methods=["POST"]),
                Route("/truth", self.truth),
                Route("/people/{slug}", self.change_person, methods=["POST"]),
                Route("/people/{slug}/says", self.write_as_person, methods=["POST"]),
                Route("/people/{slug}/hears", self.write_as_member, methods=["POST"]),
                Route("/invitations", self.invitations),
                Route("/invitations/{slug}/accepts", self.accept_invitation, methods=["POST"]),
            ],
        )

    async def read_faults(self, request: Request) -> Response:
        """Return the active faults."""
        self._check(request)
        return JSONResponse(self._faults.all())

    async def set_faults(self, request: Request) -> Response:
        """Switch a fault on, or clear all."""
        self._check(request)
        body = await _read_object(request)
        if body == {"clear": True}:
            self._faults.clear()
        else:
            try:
                fault = Fault.from_json(body)
            except ValueError as error:
                raise HTTPException(400, str(error)) from None
            if fault.name is FaultName.LANGUAGE and fault.value not in TEXTS:
                raise HTTPException(400, f"language: the value must be one of {', '.join(TEXTS)}")
            self._faults.switch_on(fault)
        return JSONResponse(self._faults.all())

    async def ledger(self, request: Request) -> Response:
        """Return every effect, oldest first."""
        self._check(request)
        return JSONResponse(
            [asdict(effect) for effect in self._state.ledger(request.query_params.get("member"))]
        )

    async def views(self, request: Request) -> Response:
        """Return the views of each page."""
        self._check(request)
        rows = self._state.views(request.query_params.get("member"))
        return JSONResponse([{"member": m, "path": path, "count": count} for m, path, count in rows])

    async def people(self, request: Request) -> Response:
        """Return the people whose birthdays members see."""
        self._check(request)
        today = self._today()
        known = {member: self._state.list_connections(member) for member in MEMBERS}
        people = [
            {
                "slug": friend.slug,
                "name": friend.name,
                "birth_month": friend.birth_month,
                "birth_day": friend.birth_day,
                "birth_year": friend.birth_year,
                "birthday_on": friend.latest_birthday(today).isoformat(),
                "connected": {member: friend.slug in slugs for member, slugs in known.items()},
            }
            for friend in self._state.friends()
        ]
        return JSONResponse({"today": today.isoformat(), "people": people})

    async def add_birthdays(self, request: Request) -> Response:
        """Let more people have a birthday around today; return their slugs."""
        self._check(request)
        return JSONResponse(self._state.add_birthdays(self._today()))

    async def truth(self, request: Request) -> Response:
        """Return all profiles, or the one with `slug`, with the degree of connection to each member."""
        self._check(request)
        slug = request.query_params.get("slug")
        known = {member: self._state.list_connections(member) for member in MEMBERS}
        people = self._state.list_profiles() if slug is None else filter(None, [self._state.person(slug)])
        return JSONResponse(
            [
                {
                    "profile": {field.name: getattr(person, field.name) for field in fields(Profile)},
                    "degrees": {m: connection_degree(m, person.slug, slugs) for m, slugs in known.items()},
                }
                for person in people
            ]
        )

    async def change_person(self, request: Request) -> Response:
        """Set `connected` (for one `member`, or all), `deleted`, the `name`, and the `member_id`."""
        self._check(request)
        slug, body = str(request.path_params["slug"]), await _read_object(request)
        members = [_read_member(body)] if "member" in body else list(MEMBERS)
        if isinstance(deleted := body.get("deleted"), bool):
            self._state.set_deleted(slug, deleted=deleted)
        if isinstance(name := body.get("name"), str):
            self._state.rename(slug, name)
        if isinstance(member_id := body.get("member_id"), str):
            self._state.take_over(slug, member_id)
        if isinstance(connected := body.get("connected"), bool):
            for member in members:
                self._state.set_connected(member, slug, connected=connected)
        return JSONResponse({"ok": True})

    async def write_as_person(self, request: Request) -> Response:
        """Send `text` from the person to `member`, marked as an automatic answer if `automatic` is true."""
        member, slug, text, automatic = await self._read_message(request)
        self._state.receive(member, slug, text, automatic=automatic)
        return JSONResponse({"ok": True})

    async def write_as_member(self, request: Request) -> Response:
        """Send `text` from `member` to the person, as if written by hand."""
        member, slug, text, _ = await self._read_message(request)
        self._state.write_by_hand(member, slug, text)
        return JSONResponse({"ok": True})

    async def invitations(self, request: Request) -> Response:
        """Return the `member`'s unanswered invitations, newest first."""
        self._check(request)
        sent = self._invitations.list_open(_read_member(dict(request.query_params)))
        return JSONResponse(
            [{"slug": s.guest.slug, "name": s.guest.name, "sent_on": s.sent_on.isoformat()} for s in sent]
        )

    async def accept_invitation(self, request: Request) -> Response:
        """Accept the invitation of `member` for the person."""
        self._check(request)
        if not self._invitations.accept(
            _read_member(await _read_object(request)), str(request.path_params["slug"])
        ):
            raise HTTPException(400, "there is no such invitation")
        return JSONResponse({"ok": True})

    async def _read_message(self, request: Request) -> tuple[str, str, str, bool]:
        """Return member, slug and text of a request, and whether it is an automatic answer."""
        self._check(request)
        body = await _read_object(request)
        text, slug = body.get("text"), str(request.path_params["slug"])
        if not isinstance(text, str) or self._state.person(slug) is None:
            raise HTTPException(400, "the text must not be empty, and the person must exist")
        return _read_member(body), slug, text, body.get("automatic") is True

    def _check(self, request: Request) -> None:
        given = request.headers.get(KEY_HEADER, "")
        if not secrets.compare_digest(given.encode(), self._key):
            raise HTTPException(403, f"{KEY_HEADER} is missing or wrong")


def _read_member(body: Mapping[str, object]) -> str:
    member = str(body.get("member"))
    if member not in MEMBERS:
        raise HTTPException(400, f"member must be one of {', '.join(MEMBERS)}")
    return member


async def _read_object(request: Request) -> dict[str, object]:
    try:
        body = await request.json()
    except json.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        raise HTTPException(400, "the body must be a JSON object")
    return body
