"""A typed client of the replica: that of the practice network, and what only the replica has."""

import json
from urllib.parse import quote

from api_stub.sandbox.client import SandboxClient
from api_stub.sandbox.faults import FaultName
from tests.replica.linkedin.world import EFFECTS, Invitation, Line


class ReplicaClient(SandboxClient):
    """Reads and changes a running replica, whose people are not those of the practice network."""

    def reset(self) -> None:
        """Go back to the beginning, but with everybody signed in who ever was."""
        self._ask("POST", "/reset", {})

    def set(self, **settings: str | int) -> None:
        """Change settings: `language`, `drift`, `front_end`, `session_days`, `variant`, `front_end_PAGE`.

        In variant "b" of conversations, an existing one replaces the page for a new message, addresses encode
        `=`, the header's link is relative, a bubble has no id at first, and the Send button has a label.
        """
        named = {name.replace("front_end_", "front_end."): value for name, value in settings.items()}
        self._ask("POST", "/settings", named)

    def lines(self) -> list[Line]:
        """Return everything that happened: effects, pages, visits, and what people wrote."""
        return [Line(**row) for row in json.loads(self._ask("GET", "/lines"))]

    def effects(self) -> list[Line]:
        """Return the effects, oldest first, with the recipient's member id and the server's id."""
        return [line for line in self.lines() if line.kind in EFFECTS]

    def visits(self) -> list[str]:
        """Return the slugs of the profiles visited, in order."""
        return [line.slug for line in self.lines() if line.kind == "visit"]

    def pages(self) -> list[str]:
        """Return the paths of the pages opened, in order."""
        return [line.text for line in self.lines() if line.kind == "page"]

    def member_id(self, slug: str) -> str:
        """Return a person's member id."""
        people = json.loads(self._ask("GET", "/people"))["people"]
        return next(str(person["member_id"]) for person in people if person["slug"] == slug)

    def give_trait(self, slug: str, *traits: FaultName) -> None:
        """Let these faults hold for one person."""
        self._ask("POST", f"/people/{quote(slug)}", {"traits": list(traits)})

    def open_invitations(self) -> list[Invitation]:
        """Return the invitations without an answer."""
        return [Invitation(**row) for row in json.loads(self._ask("GET", "/invitations"))]
