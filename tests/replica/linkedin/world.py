"""The state of the replica: people, conversations, invitations, settings, and the ledger of what reached it.

Every change is a line of a journal, so that a server that was killed goes on where it stopped.
"""

import json
import sqlite3
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from api_stub.sandbox.faults import FaultName, Faults
from tests.replica.linkedin.ids import Message, message_urn, thread_id
from tests.replica.linkedin.people import MEMBER_NAME, OWN_ID, Person, make_people
from tests.replica.linkedin.seeds import first_talks

LANGUAGES = ("en", "fr", "de", "es", "pl")
EFFECTS = ("message", "withdrawal", "shared")
_FAULTS = (
    "CREATE TABLE IF NOT EXISTS faults "
    "(name TEXT PRIMARY KEY, value TEXT NOT NULL, times INTEGER, path_prefix TEXT)"
)


@dataclass(frozen=True, slots=True)
class Invitation:
    """A sent invitation."""

    slug: str
    days_ago: int


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the journal. `to_id` is the member id of the person, `server_id` the urn of a message.

    A message shows in its conversation `late_ms` after it was sent.
    """

    id: int
    at: str
    kind: str
    slug: str = ""
    text: str = ""
    to_id: str = ""
    server_id: str = ""
    late_ms: int = 0


class World:
    """Everything the pages show and everything that happened. One event loop uses it, so it needs no lock."""

    own_id = OWN_ID
    own_name = MEMBER_NAME

    def __init__(self, journal: Path, *, today: Callable[[], date], now: Callable[[], datetime]) -> None:
        self.today = today
        self.now = now
        self._journal = journal
        db = sqlite3.connect(journal.with_suffix(".faults"), isolation_level=None, check_same_thread=False)
        db.execute(_FAULTS)
        self.faults = Faults(db)
        self.settings: dict[str, str] = {}
        self.resets = 0
        self._issued: set[str] = set()
        self._forget()
        if journal.exists():
            for row in journal.read_text(encoding="utf-8").splitlines():
                self._apply(Line(**json.loads(row)))

    def _forget(self) -> None:
        self.lines: list[Line] = []
        self.people: dict[str, Person] = {person.slug: person for person in make_people()}
        midnight = self.now().replace(hour=0, minute=0, second=0, microsecond=0)
        self.threads, self.read = first_talks(self.people.values(), midnight)
        self.sessions: set[str] = set()
        self.invitations: list[Invitation] = [
            Invitation(person.slug, n * 3)
            for n, person in enumerate(p for p in self.people.values() if p.pending)
        ]

    def reset(self) -> None:
        """Go back to the beginning, but with everybody signed in who ever was."""
        self.resets += 1
        self._forget()
        self.settings.clear()
        self.faults.clear()
        self._journal.write_text("", encoding="utf-8")
        for token in sorted(self._issued):
            self.record("sign_in", text=token)

    # settings

    @property
    def language(self) -> str:
        """The member's interface language."""
        fault = self.faults.peek(FaultName.LANGUAGE)
        return str(fault.value) if fault else self.settings.get("language", "en")

    @property
    def drift(self) -> int:
        """How much the pages have changed since they were described, 0 to 3."""
        fault = self.faults.peek(FaultName.DRIFT)
        return int(float(fault.value or 0)) if fault else int(self.settings.get("drift", "0"))

    def front_end(self, page: str) -> str:
        """Return "sdui" or "ember" for a page: feed, birthdays, profile, search, invitations."""
        fault = self.faults.peek(FaultName.FRONT_END)
        whole = str(fault.value) if fault else self.settings.get("front_end", "sdui")
        return self.settings.get(f"front_end.{page}", whole)

    def has_fault(self, name: FaultName, person: Person | None = None, path: str = "") -> bool:
        """Return whether a fault is on (counting a use), or a trait of this person."""
        return self.faults.take(name, path) is not None or (person is not None and name in person.traits)

    # people

    def find(self, given: str) -> Person | None:
        """Return the person of a slug (encoded or not) or of a member id, unless deleted."""
        slug = unicodedata.normalize("NFC", unquote(given))
        person = self.people.get(slug) or self.people.get(slug.lower()) or self.by_id(slug)
        return None if person is None or person.deleted else person

    def by_id(self, member_id: str) -> Person | None:
        """Return the person with this member id. Ids are case-sensitive."""
        return next((p for p in self.people.values() if p.member_id == member_id), None)

    def by_thread(self, wanted: str) -> Person | None:
        """Return the person of a conversation's id."""
        return next((p for p in self.people.values() if thread_id(p.thread_uuid) == wanted), None)

    def birthdays(self) -> list[Person]:
        """Return the people on the birthdays page, in its order."""
        return [p for p in self.people.values() if p.birthday is not None and not p.deleted]

    def change(self, slug: str, **fields: Any) -> None:
        """Change a person: `name`, `degree`, `deleted`, `member_id`."""
        self.record("change", slug, json.dumps(fields))

    # what happens

    def record(
        self,
        kind: str,
        slug: str = "",
        text: str = "",
        *,
        server_id: str = "",
        at: datetime | None = None,
        late_ms: int = 0,
    ) -> Line:
        """Append a line to the journal and apply it. The line is on disk before the answer goes out."""
        person = self.people.get(slug)
        line = Line(
            len(self.lines) + 1, (at or self.now()).isoformat(timespec="microseconds"), kind, slug, text,
            person.member_id if person else "", server_id, late_ms,
        )  # fmt: skip
        row = {name: getattr(line, name) for name in Line.__slots__}
        with self._journal.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        self._apply(line)
        return line

    def send(self, person: Person, text: str, *, by_hand: bool = False, late_ms: int = 0) -> Message:
        """Send a message of the member. One written `by_hand` is not in the ledger."""
        return self._write("by_hand" if by_hand else "message", person, text, late_ms)

    def receive(self, person: Person, text: str) -> Message:
        """Receive a message of the person."""
        return self._write("reply", person, text)

    def messages(self, person: Person) -> list[Message]:
        """Return the messages that show now, oldest first."""
        now_ms = _ms(self.now())
        return [m for m in self.threads.get(person.slug, []) if m.at_ms + m.late_ms <= now_ms]

    def _write(self, kind: str, person: Person, text: str, late_ms: int = 0) -> Message:
        at = self.now()
        urn = message_urn(_ms(at), len(self.lines) + 10_001, person.thread_uuid)
        self.record(kind, person.slug, text, server_id=urn, at=at, late_ms=late_ms)
        return self.threads[person.slug][-1]

    def withdraw(self, slug: str) -> None:
        """Withdraw the invitation to the person."""
        self.record("withdrawal", slug)

    def open_thread(self, person: Person) -> None:
        """Mark what the person wrote as read."""
        if self.is_unread(person):
            self.record("opened", person.slug)

    def is_unread(self, person: Person) -> bool:
        """Return whether the last message is theirs and was not opened."""
        messages = self.threads.get(person.slug, [])
        return bool(messages) and not messages[-1].outgoing and self.read.get(person.slug, 0) < len(messages)

    def talks(self) -> list[Person]:
        """Return the people of the inbox, latest message first."""
        slugs = sorted(self.threads, key=lambda slug: self.threads[slug][-1].at_ms, reverse=True)
        return [self.people[slug] for slug in slugs]

    def ledger(self) -> list[Line]:
        """Return every effect, oldest first."""
        return [line for line in self.lines if line.kind in EFFECTS]

    def _apply(self, line: Line) -> None:
        self.lines.append(line)
        if line.kind in {"message", "by_hand", "reply"}:
            at_ms, outgoing = _ms(datetime.fromisoformat(line.at)), line.kind != "reply"
            message = Message(line.server_id, at_ms, outgoing, line.text, line.late_ms)
            self.threads.setdefault(line.slug, []).append(message)
        elif line.kind == "opened":
            self.read[line.slug] = len(self.threads.get(line.slug, []))
        elif line.kind in {"withdrawal", "accepted"}:
            self.invitations = [sent for sent in self.invitations if sent.slug != line.slug]
            person = self.people[line.slug]
            degree = 1 if line.kind == "accepted" else person.degree
            self.people[line.slug] = replace(person, pending=False, degree=degree)
        elif line.kind == "change":
            self.people[line.slug] = _changed(self.people[line.slug], json.loads(line.text))
        elif line.kind == "setting":
            self.settings[line.slug] = line.text
        elif line.kind == "sign_in":
            self.sessions.add(line.text)
            self._issued.add(line.text)
        elif line.kind == "sign_out":
            self.sessions.clear()


def _changed(person: Person, fields: dict[str, Any]) -> Person:
    traits = {"traits": frozenset(fields["traits"])} if "traits" in fields else {}
    return replace(person, **fields | traits)


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
