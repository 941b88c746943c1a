"""What the practice network remembers, in one SQLite file.

Each method that changes something has committed it before it returns: an answer that was given, and one
that was swallowed, both leave their effect behind for the next process.
"""

import os
import secrets
import sqlite3
from collections.abc import Callable
from dataclasses import astuple, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from api_stub.sandbox.population.store import Population


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser."""

    token: str
    csrf: str
    member: str


@dataclass(frozen=True, slots=True)
class Bubble:
    """A message as the thread shows it."""

    outgoing: bool
    text: str
    at: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation as the inbox shows it: with whom, and its last message."""

    slug: str
    name: str
    outgoing: bool
    text: str
    at: str
    unread: bool


@dataclass(frozen=True, slots=True)
class Effect:
    """A row of the ledger."""

    id: int
    at: str
    member: str
    slug: str
    kind: str
    text: str


def _make_private(path: Path) -> None:
    """Let only the owner read the file, and those that SQLite puts beside it, which get its mode."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    for each in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        if each.exists():
            each.chmod(0o600)


class State(Population):
    """The one connection to the file, and the verbs on it. Filled with people at the first start."""

    def __init__(self, path: Path, *, today: Callable[[], date], now: Callable[[], datetime]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        _make_private(path)
        self._now = now
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        db.execute("PRAGMA journal_mode = WAL")
        super().__init__(db, today())

    def close(self) -> None:
        """Close the file."""
        self.db.close()

    # sessions

    def sign_in(self, member: str) -> Session:
        """A new session of the member."""
        session = Session(secrets.token_urlsafe(32), secrets.token_urlsafe(24), member)
        self.db.execute("INSERT INTO sessions VALUES (?, ?, ?, ?)", (*astuple(session), self._at()))
        return session

    def session(self, token: str) -> Session | None:
        """The session that a cookie names."""
        row = self.db.execute("SELECT token, csrf, member FROM sessions WHERE token = ?", (token,)).fetchone()
        return Session(*row) if row else None

    def sign_out(self, token: str | None = None) -> None:
        """End one session, or all of them."""
        self.db.execute("DELETE FROM sessions WHERE ? IS NULL OR token = ?", (token, token))

    # threads and ledger

    def open_thread(self, member: str, slug: str) -> list[Bubble]:
        """What the thread shows now, oldest first. Opened once, nothing in it is unread any more."""
        self.db.execute(
            "INSERT OR REPLACE INTO opened SELECT member, slug, max(id) FROM messages "
            "WHERE member = ? AND slug = ? AND visible_at <= ? GROUP BY member, slug",
            (member, slug, self._at()),
        )
        rows = self.db.execute(
            "SELECT outgoing, text, at FROM messages "
            "WHERE member = ? AND slug = ? AND visible_at <= ? ORDER BY id",
            (member, slug, self._at()),
        )
        return [Bubble(bool(outgoing), text, at) for outgoing, text, at in rows]

    def inbox(self, member: str) -> list[Conversation]:
        """The member's conversations with those whose profile is there, the newest first."""
        rows = self.db.execute(
            "WITH last AS (SELECT max(id) AS id FROM messages "
            "WHERE member = :member AND visible_at <= :now GROUP BY slug) "
            "SELECT p.slug, p.name, m.outgoing, m.text, m.at, "
            "NOT m.outgoing AND m.id > coalesce(o.message_id, 0) "
            "FROM last JOIN messages m USING (id) JOIN people p USING (slug) "
            "LEFT JOIN opened o ON o.member = :member AND o.slug = p.slug "
            "WHERE NOT p.deleted ORDER BY m.id DESC",
            {"member": member, "now": self._at()},
        )
        return [
            Conversation(slug, name, bool(outgoing), text, at, bool(unread))
            for slug, name, outgoing, text, at, unread in rows
        ]

    def send(self, member: str, slug: str, text: str, *, late: timedelta = timedelta()) -> None:
        """The member writes to the person: into the ledger at once, into the thread `late`."""
        with self.transaction():
            self._add_message(member, slug, outgoing=True, text=text, late=late)
            self.add_to_ledger(member, slug, "message", text)

    def receive(self, member: str, slug: str, text: str) -> None:
        """The person writes to the member. No effect of the member's, so not in the ledger."""
        self._add_message(member, slug, outgoing=False, text=text, late=timedelta())

    def write_by_hand(self, member: str, slug: str, text: str) -> None:
        """The member writes to the person in a browser of their own. Not in the ledger.

        The ledger is what tests hold Rapport's records against, and this is none of its effects.
        """
        self._add_message(member, slug, outgoing=True, text=text, late=timedelta())

    def add_to_ledger(self, member: str, slug: str, kind: str, text: str = "") -> None:
        """An effect that reached the network; in the transaction of what it changed."""
        self.db.execute(
            "INSERT INTO ledger (at, member, slug, kind, text) VALUES (?, ?, ?, ?, ?)",
            (self._at(), member, slug, kind, text),
        )

    def ledger(self, member: str | None = None) -> list[Effect]:
        """Every effect, or those of one member, oldest first."""
        rows = self.db.execute(
            "SELECT id, at, member, slug, kind, text FROM ledger WHERE ? IS NULL OR member = ? ORDER BY id",
            (member, member),
        )
        return [Effect(*row) for row in rows]

    def count_view(self, member: str, path: str) -> None:
        """One more look of the member at this page."""
        self.db.execute(
            "INSERT INTO views VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET count = count + 1", (member, path)
        )

    def views(self, member: str | None = None) -> list[tuple[str, str, int]]:
        """How often each page was looked at: member, path, count."""
        rows = self.db.execute(
            "SELECT member, path, count FROM views WHERE ? IS NULL OR member = ? ORDER BY member, path",
            (member, member),
        )
        return [(seen_by, path, count) for seen_by, path, count in rows]

    def _add_message(self, member: str, slug: str, *, outgoing: bool, text: str, late: timedelta) -> None:
        at = self._now()
        self.db.execute(
            "INSERT INTO messages (member, slug, outgoing, text, at, visible_at) VALUES (?, ?, ?, ?, ?, ?)",
            (member, slug, int(outgoing), text, _timestamp(at), _timestamp(at + late)),
        )

    def _at(self) -> str:
        return _timestamp(self._now())


def _timestamp(at: datetime) -> str:
    """A fixed width, so that text compares as time does."""
    return at.isoformat(timespec="microseconds")
