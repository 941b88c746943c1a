"""The control endpoints: those of the practice network's client, and more."""

import json
from collections import Counter
from dataclasses import asdict
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from api_stub.sandbox.client import KEY_HEADER
from api_stub.sandbox.faults import Fault
from tests.replica.linkedin.people import Person
from tests.replica.linkedin.world import World

_EFFECT = ("id", "at", "slug", "kind", "text")
MEMBER = "member"


class Control:
    """The control endpoints. All but the health check need the key."""

    def __init__(self, world: World, key: str) -> None:
        self._world = world
        self._key = key

    def mount(self) -> Mount:
        """Return the routes."""
        return Mount(
            "/_sandbox",
            routes=[
                Route("/health", lambda _: JSONResponse({"ok": True})),
                Route("/faults", self.faults, methods=["GET", "POST"]),
                Route("/ledger", self.ledger),
                Route("/lines", self.read_lines),
                Route("/views", self.views),
                Route("/people", self.people),
                Route("/settings", self.settings, methods=["POST"]),
                Route("/reset", self.reset, methods=["POST"]),
                Route("/people/{slug}", self.change_person, methods=["POST"]),
                Route("/people/{slug}/says", self.write_as_person, methods=["POST"]),
                Route("/people/{slug}/hears", self.write_as_member, methods=["POST"]),
                Route("/invitations", self.invitations),
                Route("/invitations/{slug}/accepts", self.accept_invitation, methods=["POST"]),
            ],
        )

    async def faults(self, request: Request) -> Response:
        """Return the active faults; with a body, switch one on or clear all first."""
        self._check(request)
        if request.method == "POST":
            body = await _read(request)
            if body == {"clear": True}:
                self._world.faults.clear()
            else:
                try:
                    self._world.faults.switch_on(Fault.from_json(body))
                except ValueError as error:
                    raise HTTPException(400, str(error)) from None
        return JSONResponse(self._world.faults.all())

    async def ledger(self, request: Request) -> Response:
        """Return every effect as the practice network does."""
        self._check(request)
        lines = self._world.ledger()
        return JSONResponse(
            [{name: getattr(line, name) for name in _EFFECT} | {"member": MEMBER} for line in lines]
        )

    async def read_lines(self, request: Request) -> Response:
        """Return everything that happened, also pages opened and what people wrote."""
        self._check(request)
        return JSONResponse([asdict(line) for line in self._world.lines if line.kind != "sign_in"])

    async def views(self, request: Request) -> Response:
        """Return how often each page was opened."""
        self._check(request)
        counted = Counter(line.text for line in self._world.lines if line.kind == "page")
        return JSONResponse(
            [{"member": MEMBER, "path": path, "count": n} for path, n in sorted(counted.items())]
        )

    async def people(self, request: Request) -> Response:
        """Return everybody and the date."""
        self._check(request)
        rows = [asdict(p) | {"traits": sorted(p.traits)} for p in self._world.people.values()]
        return JSONResponse({"today": self._world.today().isoformat(), "people": rows})

    async def settings(self, request: Request) -> Response:
        """Set the language, front ends and drift: `{"language": "fr", "front_end.profile": "ember"}`."""
        self._check(request)
        for name, value in (await _read(request)).items():
            self._world.record("setting", name, str(value))
        return JSONResponse(self._world.settings)

    async def reset(self, request: Request) -> Response:
        """Go back to the beginning, but stay signed in."""
        self._check(request)
        self._world.reset()
        return JSONResponse({})

    async def change_person(self, request: Request) -> Response:
        """Set `connected`, `deleted`, `name`, `member_id` and `traits`."""
        self._check(request)
        body, person = await _read(request), self._person(request)
        fields = {
            name: body[name]
            for name in ("deleted", "name", "member_id", "traits")
            if body.get(name) is not None
        }
        if body.get("connected") is not None:
            fields["degree"] = 1 if body["connected"] else 2
        self._world.change(person.slug, **fields)
        return JSONResponse({})

    async def write_as_person(self, request: Request) -> Response:
        """Send `text` from the person to the member."""
        self._check(request)
        self._world.receive(self._person(request), str((await _read(request))["text"]))
        return JSONResponse({})

    async def write_as_member(self, request: Request) -> Response:
        """Send `text` from the member to the person, as if written by hand."""
        self._check(request)
        self._world.send(self._person(request), str((await _read(request))["text"]), by_hand=True)
        return JSONResponse({})

    async def invitations(self, request: Request) -> Response:
        """Return the unanswered invitations."""
        self._check(request)
        return JSONResponse([asdict(sent) for sent in self._world.invitations])

    async def accept_invitation(self, request: Request) -> Response:
        """Accept the invitation for the person."""
        self._check(request)
        self._world.record("accepted", self._person(request).slug)
        return JSONResponse({})

    def _person(self, request: Request) -> Person:
        person = self._world.people.get(request.path_params["slug"])
        if person is None:
            raise HTTPException(400, "there is no such person")
        return person

    def _check(self, request: Request) -> None:
        if request.headers.get(KEY_HEADER) != self._key:
            raise HTTPException(403, f"{KEY_HEADER} is missing or wrong")


async def _read(request: Request) -> dict[str, Any]:
    body = json.loads(await request.body() or b"{}")
    if not isinstance(body, dict):
        raise HTTPException(400, "the body must be a JSON object")
    return body
