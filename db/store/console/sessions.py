"""Sessions of the console: opened at sign-in, with a token that changes, and ended by deletion."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from db.engine import execute_counted
from db.store.audit import record_change
from db.store.console.tokens import hash_token, new_token
from db.tables import ConsoleSession, ConsoleUser
from worker.rules.console.users import Language, Role

IDLE: Final = timedelta(days=7)
"""A session that isn't used for this long has ended."""
LONGEST: Final = timedelta(days=30)
ROTATED_EVERY: Final = timedelta(hours=1)
"""How often a session in use gets a new token."""
GRACE: Final = timedelta(minutes=1)
"""How long the former token is still accepted: requests that were sent with it are under way."""
_NOTED_EVERY: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Client:
    """Where a request came from: its address, and the browser and system that it names."""

    address: str
    browser: str
    system: str


@dataclass(frozen=True, slots=True)
class FoundSession:
    """The session of a request. With a `new_token`, the browser must be given that one."""

    id: UUID
    user: str
    role: Role
    language: Language
    new_token: str | None


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """One session for display."""

    id: UUID
    user: str
    client: Client
    created_at: datetime
    used_at: datetime


def open_session(session: Session, user_id: int, client: Client) -> str:
    """Open a session for a user and return its token."""
    token = new_token()
    session.add(
        ConsoleSession(id=uuid4(), user_id=user_id, token_hash=hash_token(token), **_columns_of(client))
    )
    session.flush()
    return token


def find_session(session: Session, token: str, client: Client) -> FoundSession | None:
    """Return the open session with this token, and note its use; None if there is none.

    The former token is accepted until the new one has come back and GRACE has passed: an answer may get lost.
    """
    given = hash_token(token)
    former = and_(
        ConsoleSession.former_hash == given,
        or_(ConsoleSession.former_until.is_(None), ConsoleSession.former_until > func.now()),
    )
    row = session.execute(
        select(ConsoleSession, ConsoleUser, func.now())
        .join(ConsoleUser)
        .where(or_(ConsoleSession.token_hash == given, former), *_IS_OPEN)
    ).first()
    if row is None:
        return None
    found, user, now = row
    new = _rotate(session, found, given, now)
    if new is None and found.used_at < now - _NOTED_EVERY:
        _update(session, found, {"used_at": now, **_columns_of(client)})
    return FoundSession(found.id, user.name, Role(user.role), Language(user.language), new)


def is_open(session: Session, session_id: UUID) -> bool:
    """Return whether a session goes on, without noting a use: for answers that last."""
    open_ones = select(ConsoleSession.id).join(ConsoleUser).where(ConsoleSession.id == session_id, *_IS_OPEN)
    return session.scalar(open_ones) is not None


def list_sessions(session: Session, *, user: str | None = None) -> Sequence[SessionRecord]:
    """Return the open sessions, of one user or of all, the one used last first."""
    statement = (
        select(ConsoleSession, ConsoleUser.name)
        .join(ConsoleUser)
        .where(*_IS_OPEN)
        .order_by(ConsoleSession.used_at.desc(), ConsoleSession.id)
    )
    if user is not None:
        statement = statement.where(ConsoleUser.name == user)
    return [
        SessionRecord(row.id, name, Client(row.address, row.browser, row.system), row.created_at, row.used_at)
        for row, name in session.execute(statement)
    ]


def end_session(session: Session, session_id: UUID, *, by: str, user: str | None = None) -> bool:
    """End a session, with `user` only one of theirs; return whether there was such a one."""
    theirs = select(ConsoleUser.name).where(ConsoleUser.id == ConsoleSession.user_id).scalar_subquery()
    statement = delete(ConsoleSession).where(ConsoleSession.id == session_id).returning(theirs)
    if user is not None:
        statement = statement.where(theirs == user)
    ended = session.execute(statement.execution_options(synchronize_session=False)).scalar_one_or_none()
    if ended is not None:
        record_change(session, by=by, change="session.end", about=ended)
    return ended is not None


def end_sessions(session: Session, user: str, *, by: str, but: UUID | None = None) -> int:
    """End the sessions of a user, all or all `but` one; return how many."""
    ids = select(ConsoleUser.id).where(ConsoleUser.name == user)
    statement = delete(ConsoleSession).where(ConsoleSession.user_id.in_(ids))
    if but is not None:
        statement = statement.where(ConsoleSession.id != but)
    ended = execute_counted(session, statement)
    if ended:
        record_change(session, by=by, change="session.end", about=user, detail=str(ended))
    return ended


def delete_ended_sessions(session: Session) -> int:
    """Delete sessions that ended by themselves; return how many."""
    return execute_counted(
        session,
        delete(ConsoleSession).where(
            or_(ConsoleSession.used_at < func.now() - IDLE, ConsoleSession.created_at < func.now() - LONGEST)
        ),
    )


_IS_OPEN: Final = (
    ConsoleUser.disabled_at.is_(None),
    ConsoleSession.used_at > func.now() - IDLE,
    ConsoleSession.created_at > func.now() - LONGEST,
)


def _rotate(session: Session, found: ConsoleSession, given: bytes, now: datetime) -> str | None:
    """Return a new token if it is time for one; of requests at the same time one gets it."""
    is_current = found.token_hash == given
    if is_current and found.former_hash is not None and found.former_until is None:
        _update(session, found, {"former_until": now + GRACE})
    since = now - (ROTATED_EVERY if is_current else GRACE)
    if found.rotated_at > since or (not is_current and found.former_until is not None):
        return None
    token = new_token()
    values = {
        "token_hash": hash_token(token), "former_hash": given, "former_until": None, "rotated_at": now,
        "used_at": now,
    }  # fmt: skip
    return token if _update(session, found, values) else None


def _update(session: Session, found: ConsoleSession, values: dict[str, Any]) -> int:
    """Change a session unless another request has rotated it meanwhile; return how many rows changed."""
    unchanged = (ConsoleSession.id == found.id, ConsoleSession.token_hash == found.token_hash)
    return execute_counted(session, update(ConsoleSession).where(*unchanged).values(**values))


def _columns_of(client: Client) -> dict[str, str]:
    return {
        "address": client.address[:60], "browser": client.browser[:40], "system": client.system[:40],
    }  # fmt: skip
