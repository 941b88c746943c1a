"""A small typed client of the control endpoints, for tests, demonstrations and the bench."""

import http.client
import json
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlsplit

from api_stub.sandbox.control import KEY_HEADER
from api_stub.sandbox.faults import FaultName, Value
from api_stub.sandbox.state import Effect

_TIMEOUT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """What the network knows of a person. `birthday_on` is the latest on or before its today."""

    slug: str
    name: str
    birth_month: int
    birth_day: int
    birth_year: int | None
    birthday_on: date
    connected: dict[str, bool]


class SandboxClient:
    """Asks and changes a running practice network through its back door."""

    def __init__(self, base_url: str, control_key: str) -> None:
        self.base_url = base_url.rstrip("/")
        self._key = control_key

    def healthy(self) -> bool:
        """Whether it answers at all."""
        try:
            self._ask("GET", "/health")
        except (OSError, http.client.HTTPException):
            return False
        return True

    def ledger(self, member: str | None = None) -> list[Effect]:
        """Every effect that reached the network, oldest first."""
        return [Effect(**row) for row in json.loads(self._ask("GET", _with_member("/ledger", member)))]

    def views(self, member: str) -> dict[str, int]:
        """How often the member looked at each page."""
        return {
            row["path"]: row["count"] for row in json.loads(self._ask("GET", _with_member("/views", member)))
        }

    def today(self) -> date:
        """The network's date."""
        return date.fromisoformat(json.loads(self._ask("GET", "/people"))["today"])

    def people(self) -> list[KnownPerson]:
        """Everybody whose profile is there."""
        fields = KnownPerson.__dataclass_fields__
        rows = json.loads(self._ask("GET", "/people"))["people"]
        return [
            KnownPerson(
                **{k: v for k, v in row.items() if k in fields}
                | {"birthday_on": date.fromisoformat(row["birthday_on"])}
            )
            for row in rows
        ]

    def says(self, slug: str, member: str, text: str) -> None:
        """Let the person write to the member."""
        self._ask("POST", f"/people/{slug}/says", {"member": member, "text": text})

    def writes(self, slug: str, member: str, text: str) -> None:
        """Let the member write to the person by hand. No effect of ours, so the ledger doesn't have it."""
        self._ask("POST", f"/people/{slug}/hears", {"member": member, "text": text})

    def change(self, slug: str, *, connected: bool | None = None, deleted: bool | None = None) -> None:
        """End or restore the person's connections, take away or restore the profile."""
        self._ask("POST", f"/people/{slug}", {"connected": connected, "deleted": deleted})

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

    def _ask(self, method: str, path: str, body: object = None) -> str:
        address = urlsplit(self.base_url)
        connection = http.client.HTTPConnection(
            address.hostname or "", address.port or 80, timeout=_TIMEOUT_SECONDS
        )
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


def _with_member(path: str, member: str | None) -> str:
    return f"{path}?member={member}" if member else path
