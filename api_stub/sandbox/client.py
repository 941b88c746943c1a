"""A typed client of the control endpoints, for tests, demonstrations and benchmarks."""

import http.client
import json
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import quote, urlsplit

from api_stub.sandbox.faults import FaultName, Value
from api_stub.sandbox.population.profiles import Certificate, Job, LanguageSkill, Profile, School
from api_stub.sandbox.state import Effect

KEY_HEADER = "X-Sandbox-Key"
_HEALTH_TIMEOUT_S = 10.0
_TIMEOUT_S = 60.0
"""On a busy machine, everybody's profile takes a while."""


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """What the network knows about a person. `birthday_on` is the latest one up to the network's today."""

    slug: str
    name: str
    birth_month: int
    birth_day: int
    birth_year: int | None
    birthday_on: date
    connected: dict[str, bool]


@dataclass(frozen=True, slots=True)
class KnownProfile:
    """A profile in the search, and the degree of connection to each member."""

    profile: Profile
    degrees: dict[str, int]


@dataclass(frozen=True, slots=True)
class KnownInvitation:
    """An invitation that waits for an answer."""

    slug: str
    name: str
    sent_on: date


class SandboxClient:
    """Reads and changes a running practice network through its control endpoints."""

    def __init__(self, base_url: str, control_key: str) -> None:
        self.base_url = base_url.rstrip("/")
        self._key = control_key

    def is_healthy(self) -> bool:
        """Return whether it answers."""
        try:
            self._ask("GET", "/health", timeout_s=_HEALTH_TIMEOUT_S)
        except (OSError, http.client.HTTPException):
            return False
        return True

    def ledger(self, member: str | None = None) -> list[Effect]:
        """Return every effect that reached the network, oldest first."""
        return [Effect(**row) for row in json.loads(self._ask("GET", _with_member("/ledger", member)))]

    def views(self, member: str) -> dict[str, int]:
        """Return how often the member viewed each page. A search is counted by its `search_address`."""
        return {
            row["path"]: row["count"] for row in json.loads(self._ask("GET", _with_member("/views", member)))
        }

    def today(self) -> date:
        """Return the network's date."""
        return date.fromisoformat(json.loads(self._ask("GET", "/people"))["today"])

    def people(self) -> list[KnownPerson]:
        """Return the people whose birthdays members see and whose profile exists."""
        return [
            KnownPerson(**row | {"birthday_on": date.fromisoformat(row["birthday_on"])})
            for row in json.loads(self._ask("GET", "/people"))["people"]
        ]

    def add_birthdays(self) -> list[str]:
        """Let 13 more people, connected to every member, have a birthday around today; return their slugs."""
        return [str(slug) for slug in json.loads(self._ask("POST", "/birthdays"))]

    def list_profiles(self) -> list[KnownProfile]:
        """Return all profiles in the order of a search without terms. A few megabytes."""
        return [_profile_from_json(row) for row in json.loads(self._ask("GET", "/truth"))]

    def write_as_person(self, slug: str, member: str, text: str, *, automatic: bool = False) -> None:
        """Let the person write to the member; the network marks an `automatic` answer."""
        self._ask(
            "POST", f"/people/{quote(slug)}/says", {"member": member, "text": text, "automatic": automatic}
        )

    def write_as_member(self, slug: str, member: str, text: str) -> None:
        """Let the member write to the person by hand. The ledger omits it, as it is no effect of Rapport."""
        self._ask("POST", f"/people/{quote(slug)}/hears", {"member": member, "text": text})

    def change(
        self,
        slug: str,
        *,
        connected: bool | None = None,
        deleted: bool | None = None,
        name: str | None = None,
        member_id: str | None = None,
    ) -> None:
        """End or restore the person's connections; delete or restore the profile; rename the person.

        `member_id` gives the address to the member with this id.
        """
        body = {"connected": connected, "deleted": deleted, "name": name, "member_id": member_id}
        self._ask("POST", f"/people/{quote(slug)}", body)

    def invitations(self, member: str) -> list[KnownInvitation]:
        """Return the member's unanswered invitations, newest first."""
        rows = json.loads(self._ask("GET", _with_member("/invitations", member)))
        return [KnownInvitation(row["slug"], row["name"], date.fromisoformat(row["sent_on"])) for row in rows]

    def accept_invitation(self, slug: str, member: str) -> None:
        """Let the person accept the member's invitation."""
        self._ask("POST", f"/invitations/{slug}/accepts", {"member": member})

    def fault(
        self,
        name: FaultName,
        value: Value = None,
        *,
        times: int | None = None,
        path_prefix: str | None = None,
    ) -> None:
        """Switch a fault on."""
        body = {"name": name, "value": value, "times": times, "path_prefix": path_prefix}
        self._ask("POST", "/faults", body)

    def clear_faults(self) -> None:
        """Switch all faults off."""
        self._ask("POST", "/faults", {"clear": True})

    def _ask(self, method: str, path: str, body: object = None, *, timeout_s: float = _TIMEOUT_S) -> str:
        address = urlsplit(self.base_url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port or 80, timeout=timeout_s)
        try:
            sent = None if body is None else json.dumps(body)
            connection.request(method, f"/_sandbox{path}", sent, {KEY_HEADER: self._key})
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        if answer.status != 200:
            raise http.client.HTTPException(f"{method} {path}: {answer.status} {text}")
        return text


def _profile_from_json(row: dict[str, Any]) -> KnownProfile:
    stored = row["profile"]
    return KnownProfile(
        Profile(
            **stored
            | {
                "jobs": tuple(Job(*one) for one in stored["jobs"]),
                "schools": tuple(School(*one) for one in stored["schools"]),
                "skills": tuple(stored["skills"]),
                "certificates": tuple(Certificate(*one) for one in stored["certificates"]),
                "spoken": tuple(LanguageSkill(*one) for one in stored["spoken"]),
            }
        ),
        row["degrees"],
    )


def _with_member(path: str, member: str | None) -> str:
    return f"{path}?member={member}" if member else path
