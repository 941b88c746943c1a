"""Named keys of the HTTP API. Each change is recorded with who made it."""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pydantic import SecretStr
from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.engine import execute_counted, get_database_time
from db.store.audit import record_change
from db.store.console.tokens import hash_token, new_token
from db.store.console.users import find_user
from db.tables import ApiKey
from worker.errors import RequestRefusedError
from worker.rules.access import KeyScope
from worker.rules.api_keys import KeyState, NamedKey, check_key_name, find_state, format_key
from worker.rules.texts.suggestions import did_you_mean, suggest_names

USE_NOTED_EVERY: Final = timedelta(minutes=1)
_PUBLIC_ID_BYTES: Final = 6


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """One key for display, without its hashes. `former_until` is None unless a former secret is valid."""

    name: str
    state: KeyState
    public_id: str
    scopes: tuple[KeyScope, ...]
    per_minute: int
    burst: int
    created_at: datetime
    rotated_at: datetime | None
    former_until: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A key that was just made. Its text is not stored, so it can't be shown again."""

    key: SecretStr
    record: KeyRecord


def add_key(
    session: Session,
    name: str,
    scopes: Collection[KeyScope],
    *,
    lifetime: timedelta | None,
    per_minute: int,
    burst: int,
    by: str,
) -> IssuedKey:
    """Add a key. Raises RequestRefusedError for a name that is taken or not one.

    The name of a revoked key stays taken, and the name of a user of the console is refused: the records of
    both name who did something.
    """
    check_key_name(name)
    given = sorted(scopes)
    if find_user(session, name) is not None:
        raise RequestRefusedError(
            f"a user of the console is called {name!r}: choose another name for the key"
        )
    public_id, secret = secrets.token_hex(_PUBLIC_ID_BYTES), new_token()
    now = get_database_time(session)
    added = (
        insert(ApiKey)
        .values(
            name=name,
            public_id=public_id,
            secret_hash=hash_token(secret),
            scopes=given,
            per_minute=per_minute,
            burst=burst,
            expires_at=now + lifetime if lifetime is not None else None,
        )
        .on_conflict_do_nothing(index_elements=["name"])
        .returning(ApiKey.id)
    )
    if session.execute(added).scalar_one_or_none() is None:
        taken = get_key(session, name)
        why = "was revoked; its name stays with what it did" if taken.revoked_at else "exists already"
        raise RequestRefusedError(f"a key called {name!r} {why}: choose another name (`rapport keys list`)")
    record_change(session, by=by, change="key.add", about=name, detail=" ".join(given))
    return IssuedKey(SecretStr(format_key(public_id, secret)), get_key(session, name))


def rotate_key(
    session: Session, name: str, *, overlap: timedelta, lifetime: timedelta | None, by: str
) -> IssuedKey:
    """Give a key a new secret. The old one is valid for `overlap` more, any earlier one no more.

    With `lifetime` the key expires so long from now, else when it did before. Raises RequestRefusedError for
    a key that is revoked, or has expired and gets no new lifetime.
    """
    row = _lock(session, name)
    now = get_database_time(session)
    if row.revoked_at is not None:
        raise RequestRefusedError(f"the key {name!r} is revoked: add another one with `rapport keys add`")
    if lifetime is None and row.expires_at is not None and row.expires_at <= now:
        raise RequestRefusedError(f"the key {name!r} has expired: give it more time with --expires 90d")
    secret = new_token()
    row.former_hash, row.former_until = (row.secret_hash, now + overlap) if overlap else (None, None)
    row.secret_hash, row.rotated_at = hash_token(secret), now
    if lifetime is not None:
        row.expires_at = now + lifetime
    session.flush()
    kept = f"former secret until {row.former_until:%Y-%m-%dT%H:%MZ}" if row.former_until else "at once"
    record_change(session, by=by, change="key.rotate", about=name, detail=kept)
    return IssuedKey(SecretStr(format_key(row.public_id, secret)), _to_record(row, now))


def revoke_key(session: Session, name: str, *, by: str) -> bool:
    """End a key for good; return False if it was revoked before. Raises RequestRefusedError if unknown."""
    row = _lock(session, name)
    if row.revoked_at is not None:
        return False
    row.revoked_at = get_database_time(session)
    session.flush()
    record_change(session, by=by, change="key.revoke", about=name)
    return True


def list_keys(session: Session) -> Sequence[KeyRecord]:
    """Return every key by name, also those that have ended."""
    now = get_database_time(session)
    return [_to_record(row, now) for row in session.scalars(select(ApiKey).order_by(ApiKey.name))]


def get_key(session: Session, name: str) -> KeyRecord:
    """Return the key with this name. Raises RequestRefusedError, with suggestions, if there is none."""
    row = session.scalar(select(ApiKey).where(ApiKey.name == name))
    if row is None:
        raise _unknown(session, name)
    return _to_record(row, get_database_time(session))


def is_key_name(session: Session, name: str) -> bool:
    """Return whether a key has or had this name."""
    return session.scalar(select(ApiKey.id).where(ApiKey.name == name)) is not None


def load_keys(session: Session) -> Sequence[NamedKey]:
    """Return all keys as they are checked; also those that have ended, so that their owners are told why."""
    return [
        NamedKey(
            id=row.id,
            name=row.name,
            public_id=row.public_id,
            secret_hash=row.secret_hash,
            former_hash=row.former_hash,
            former_until=row.former_until,
            scopes=frozenset(map(KeyScope, row.scopes)),
            per_minute=row.per_minute,
            burst=row.burst,
            expires_at=row.expires_at,
            revoked_at=row.revoked_at,
        )
        for row in session.scalars(select(ApiKey))
    ]


def note_use(session: Session, key_id: int) -> None:
    """Note that a key was used now, unless that was noted within the last minute."""
    is_old = or_(ApiKey.used_at.is_(None), ApiKey.used_at <= func.now() - USE_NOTED_EVERY)
    execute_counted(session, update(ApiKey).where(ApiKey.id == key_id, is_old).values(used_at=func.now()))


def _lock(session: Session, name: str) -> ApiKey:
    row = session.scalar(select(ApiKey).where(ApiKey.name == name).with_for_update())
    if row is None:
        raise _unknown(session, name)
    return row


def _unknown(session: Session, name: str) -> RequestRefusedError:
    near = did_you_mean(suggest_names(name, [each.name for each in list_keys(session)]))
    return RequestRefusedError(
        f"there is no key called {name[:60]!r}; {near or '`rapport keys add NAME --scope read` adds one'}"
    )


def _to_record(row: ApiKey, now: datetime) -> KeyRecord:
    return KeyRecord(
        name=row.name,
        state=find_state(row.expires_at, row.revoked_at, now),
        public_id=row.public_id,
        scopes=tuple(map(KeyScope, row.scopes)),
        per_minute=row.per_minute,
        burst=row.burst,
        created_at=row.created_at,
        rotated_at=row.rotated_at,
        former_until=row.former_until if row.former_until is not None and row.former_until > now else None,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        used_at=row.used_at,
    )
