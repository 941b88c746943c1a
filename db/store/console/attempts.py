"""Count wrong passwords by the name that they were given for, and make the next one wait.

Names that no user has count too: otherwise the answer would tell which exist. A bucket of the name's hash is
counted instead of the name, which bounds the number of rows.
"""

from datetime import timedelta
from hashlib import sha256
from typing import Final

from sqlalchemy import delete, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.engine import execute_counted, get_database_time
from db.tables import SignInAttempt
from worker.rules.console.passwords import wait_after

_FORGOTTEN_AFTER: Final = timedelta(days=1)


def take_attempt(session: Session, name: str) -> timedelta:
    """Count an attempt, and return how long it must wait: only without a wait may its password be checked.

    It counts as failed until `clear_attempts`: so attempts at the same time can't all be checked.
    """
    bucket = _bucket_of(name)
    session.execute(insert(SignInAttempt).values(bucket=bucket).on_conflict_do_nothing())
    row = session.get_one(SignInAttempt, bucket, with_for_update=True, populate_existing=True)
    now = get_database_time(session)
    if row.wait_until is not None and row.wait_until > now:
        return row.wait_until - now
    if row.last_at < now - _FORGOTTEN_AFTER:
        row.failures = 0
    row.failures += 1
    row.last_at = now
    row.wait_until = now + wait_after(row.failures) if wait_after(row.failures) else None
    session.flush()
    return timedelta(0)


def clear_attempts(session: Session, name: str) -> None:
    """Forget the wrong passwords for a name: the right one was given."""
    execute_counted(session, delete(SignInAttempt).where(SignInAttempt.bucket == _bucket_of(name)))


def delete_old_attempts(session: Session) -> int:
    """Delete what doesn't count any more; return how many rows."""
    return execute_counted(
        session, delete(SignInAttempt).where(SignInAttempt.last_at < func.now() - _FORGOTTEN_AFTER)
    )


def _bucket_of(name: str) -> int:
    return int.from_bytes(sha256(name.encode(errors="surrogatepass")).digest()[:2])
