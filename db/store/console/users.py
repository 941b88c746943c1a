"""Users of the console. Each change is recorded with who made it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.engine import execute_counted
from db.store.audit import record_change
from db.tables import ApiKey, ConsoleLink, ConsoleSession, ConsoleUser
from worker.errors import RequestRefusedError
from worker.rules.api_keys import BUILT_IN_KEY
from worker.rules.console.users import FIRST_OWNER, Language, Role, check_user_name
from worker.rules.texts.suggestions import did_you_mean, suggest_names


@dataclass(frozen=True, slots=True)
class UserRecord:
    """One user. Without a password, only a one-time link signs in."""

    id: int
    name: str
    role: Role
    language: Language
    has_password: bool
    created_at: datetime
    disabled_at: datetime | None
    sessions: int


def add_user(session: Session, name: str, role: Role, *, language: Language, by: str) -> UserRecord:
    """Add a user without a password. Raises RequestRefusedError for a name that is taken or not one.

    The name of a key of the HTTP API is taken too: the records of both name who did something.
    """
    check_user_name(name)
    if name == BUILT_IN_KEY or session.scalar(select(ApiKey.id).where(ApiKey.name == name)) is not None:
        raise RequestRefusedError(f"a key of the HTTP API is called {name!r}: choose another name")
    added = (
        insert(ConsoleUser)
        .values(name=name, role=role, language=language)
        .on_conflict_do_nothing(index_elements=["name"])
        .returning(ConsoleUser.id)
    )
    if session.execute(added).scalar_one_or_none() is None:
        raise RequestRefusedError(f"there is a user called {name!r} already: `rapport users list`")
    record_change(session, by=by, change="user.add", about=name, detail=role)
    return get_user(session, name)


def ensure_owner(session: Session, *, by: str) -> UserRecord | None:
    """Return the first owner; if there are no users at all, add it. None if it was removed or disabled."""
    if session.scalar(select(func.count()).select_from(ConsoleUser)) == 0:
        return add_user(session, FIRST_OWNER, Role.OWNER, language=Language.ENGLISH, by=by)
    owner = find_user(session, FIRST_OWNER)
    return owner if owner is not None and owner.disabled_at is None else None


def find_user(session: Session, name: str) -> UserRecord | None:
    """Return the user with this name, or None."""
    row = session.execute(_SELECT.where(ConsoleUser.name == name)).first()
    return None if row is None else _to_record(*row)


def get_user(session: Session, name: str) -> UserRecord:
    """Return the user with this name. Raises RequestRefusedError, with suggestions, if there is none."""
    user = find_user(session, name)
    if user is None:
        near = did_you_mean(suggest_names(name, [each.name for each in list_users(session)]))
        advice = near or "`rapport users add NAME` adds one"
        raise RequestRefusedError(f"there is no user called {name[:60]!r}; {advice}")
    return user


def list_users(session: Session) -> Sequence[UserRecord]:
    """Return every user, by name."""
    return [_to_record(*row) for row in session.execute(_SELECT.order_by(ConsoleUser.name))]


def find_password(session: Session, name: str) -> tuple[int, str | None] | None:
    """Return id and password hash of an enabled user, or None."""
    row = session.scalar(
        select(ConsoleUser).where(ConsoleUser.name == name, ConsoleUser.disabled_at.is_(None))
    )
    return None if row is None else (row.id, row.password_hash.decode() if row.password_hash else None)


def set_role(session: Session, name: str, role: Role, *, by: str) -> None:
    """Give a user another role; their sessions end."""
    _change(session, name, {"role": role}, by=by, change="user.role", detail=role)


def set_language(session: Session, name: str, language: Language, *, by: str) -> None:
    """Show the console to a user in this language; their sessions go on."""
    user = get_user(session, name)
    session.execute(update(ConsoleUser).where(ConsoleUser.id == user.id).values(language=language))
    record_change(session, by=by, change="user.language", about=name, detail=language)


def set_password(session: Session, name: str, password_hash: str, *, by: str) -> None:
    """Replace a user's password; their sessions and unused links end."""
    _change(session, name, {"password_hash": password_hash.encode()}, by=by, change="user.password")


def disable_user(session: Session, name: str, *, by: str) -> None:
    """Let a user sign in no more; their sessions and unused links end."""
    _change(session, name, {"disabled_at": func.now()}, by=by, change="user.disable")


def enable_user(session: Session, name: str, *, by: str) -> None:
    """Let a disabled user sign in again."""
    _change(session, name, {"disabled_at": None}, by=by, change="user.enable")


def remove_user(session: Session, name: str, *, by: str) -> None:
    """Remove a user with their sessions and links. What they changed stays recorded."""
    user = get_user(session, name)
    session.execute(delete(ConsoleUser).where(ConsoleUser.id == user.id))
    record_change(session, by=by, change="user.remove", about=name)


def _change(
    session: Session, name: str, values: dict[str, Any], *, by: str, change: str, detail: str = ""
) -> None:
    """Change a user, and end what was begun before: it was signed in under other conditions."""
    user = get_user(session, name)
    session.execute(update(ConsoleUser).where(ConsoleUser.id == user.id).values(**values))
    execute_counted(session, delete(ConsoleSession).where(ConsoleSession.user_id == user.id))
    execute_counted(session, delete(ConsoleLink).where(ConsoleLink.user_id == user.id))
    record_change(session, by=by, change=change, about=name, detail=detail)


_SESSIONS = (
    select(func.count()).where(ConsoleSession.user_id == ConsoleUser.id).correlate(ConsoleUser)
).scalar_subquery()
_SELECT = select(ConsoleUser, _SESSIONS)


def _to_record(user: ConsoleUser, sessions: int) -> UserRecord:
    return UserRecord(
        id=user.id,
        name=user.name,
        role=Role(user.role),
        language=Language(user.language),
        has_password=user.password_hash is not None,
        created_at=user.created_at,
        disabled_at=user.disabled_at,
        sessions=sessions,
    )
