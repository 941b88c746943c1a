"""The state of the practice network, in one SQLite file.

Every method commits its changes before it returns, so an effect is stored even if the response is not sent.
"""

import os
import secrets
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from api_stub.sandbox.population.store import Population


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser. `language` is that of the pages."""

    token: str
    csrf: str
    member: str
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Bubble:
    """A message in a thread. The site marks an `automatic` answer."""

    outgoing: bool
    text: str
    at: str
    automatic: bool = False


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation in the inbox: the person and the last message."""

    slug: str
    name: str
    outgoing: bool
    text: str
    at: str
    unread: bool
    automatic: bool = False


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
    """Make the file, and those that SQLite creates beside it with its mode, readable by the owner only."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    for each in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        if each.exists():
            each.chmod(0o600)


class State(Population):
    """The connection to the file and the operations on it. A new file is filled with people."""

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
        """Create a session of the member."""
        session = Session(secrets.token_urlsafe(32), secrets.token_urlsafe(24), member)
        row = (session.token, session.csrf, session.member, self._at())
        self.db.execute("INSERT INTO sessions VALUES (?, ?, ?, ?)", row)
        return session

    def session(self, token: str) -> Session | None:
        """Return the session of a cookie, or None."""
        row = self.db.execute("SELECT token, csrf, member FROM sessions WHERE token = ?", (token,)).fetchone()
        return Session(*row) if row else None

    def sign_out(self, token: str | None = None) -> None:
        """End one session, or all of them."""
        self.db.execute("DELETE FROM sessions WHERE ? IS NULL OR token = ?", (token, token))

    # threads and ledger

    def open_thread(self, member: str, slug: str) -> list[Bubble]:
        """Return the thread's visible messages, oldest first, and mark them as read."""
        self.db.execute(
            "INSERT OR REPLACE INTO opened SELECT member, slug, max(id) FROM messages "
            "WHERE member = ? AND slug = ? AND visible_at <= ? GROUP BY member, slug",
            (member, slug, self._at()),
        )
        rows = self.db.execute(
            "SELECT outgoing, text, at, automatic FROM messages "
            "WHERE member = ? AND slug = ? AND visible_at <= ? ORDER BY id",
            (member, slug, self._at()),
        )
        return [Bubble(bool(outgoing), text, at, bool(automatic)) for outgoing, text, at, automatic in rows]

    def inbox(self, member: str) -> list[Conversation]:
        """Return the member's conversations with people whose profile exists, newest first."""
        rows = self.db.execute(
            "WITH last AS (SELECT max(id) AS id FROM messages "
            "WHERE member = :member AND visible_at <= :now GROUP BY slug) "
            "SELECT p.slug, p.name, m.outgoing, m.text, m.at, "
            "NOT m.outgoing AND m.id > coalesce(o.message_id, 0), m.automatic "
            "FROM last JOIN messages m USING (id) JOIN people p USING (slug) "
            "LEFT JOIN opened o ON o.member = :member AND o.slug = p.slug "
            "WHERE NOT p.deleted ORDER BY m.id DESC",
            {"member": member, "now": self._at()},
        )
        return [
            Conversation(slug, name, bool(outgoing), text, at, bool(unread), bool(automatic))
            for slug, name, outgoing, text, at, unread, automatic in rows
        ]

    def send(
        self, member: str, slug: str, text: str, *, kind: str = "message", late: timedelta = timedelta()
    ) -> None:
        """Send a message from the member: into the ledger at once, visible in the thread after `late`."""
        with self.transaction():
            self._add_message(member, slug, outgoing=True, text=text, late=late)
            self.add_to_ledger(member, slug, kind, text)

    def receive(self, member: str, slug: str, text: str, *, automatic: bool = False) -> None:
        """Send a message from the person to the member, marked if `automatic`. It is not in the ledger."""
        self._add_message(member, slug, outgoing=False, text=text, late=timedelta(), automatic=automatic)

    def write_by_hand(self, member: str, slug: str, text: str) -> None:
        """Send a message that the member writes by hand. It is not in the ledger.

        Tests compare Rapport's records with the ledger, and this message is not an effect of Rapport.
        """
        self._add_message(member, slug, outgoing=True, text=text, late=timedelta())

    def add_to_ledger(self, member: str, slug: str, kind: str, text: str = "") -> None:
        """Add an effect to the ledger, in the transaction of its change."""
        self.db.execute(
            "INSERT INTO ledger (at, member, slug, kind, text) VALUES (?, ?, ?, ?, ?)",
            (self._at(), member, slug, kind, text),
        )

    def ledger(self, member: str | None = None) -> list[Effect]:
        """Return every effect, or those of one member, oldest first."""
        rows = self.db.execute(
            "SELECT id, at, member, slug, kind, text FROM ledger WHERE ? IS NULL OR member = ? ORDER BY id",
            (member, member),
        )
        return [Effect(*row) for row in rows]

    def count_view(self, member: str, path: str) -> None:
        """Count one view of the page by the member."""
        self.db.execute(
            "INSERT INTO views VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET count = count + 1", (member, path)
        )

    def views(self, member: str | None = None) -> list[tuple[str, str, int]]:
        """Return the views of each page: member, path, count."""
        rows = self.db.execute(
            "SELECT member, path, count FROM views WHERE ? IS NULL OR member = ? ORDER BY member, path",
            (member, member),
        )
        return [(seen_by, path, count) for seen_by, path, count in rows]

    def _add_message(
        self, member: str, slug: str, *, outgoing: bool, text: str, late: timedelta, automatic: bool = False
    ) -> None:
        at = self._now()
        self.db.execute(
            "INSERT INTO messages (member, slug, outgoing, text, at, visible_at, automatic) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (member, slug, int(outgoing), text, _timestamp(at), _timestamp(at + late), int(automatic)),
        )

    def _at(self) -> str:
        return _timestamp(self._now())


def _timestamp(at: datetime) -> str:
    """Return a timestamp of fixed width, so that the order of texts is the order of times."""
    return at.isoformat(timespec="microseconds")
