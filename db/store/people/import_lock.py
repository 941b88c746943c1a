"""The advisory lock between an import into an account and pages that add contacts to it."""

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session


def lock_for_import(session: Session, account_id: int) -> None:
    """Lock the account for an import until the transaction ends; waits for other imports and for pages."""
    session.execute(select(func.pg_advisory_xact_lock(_key(account_id))))


def try_lock_for_import(session: Session, account_id: int) -> bool:
    """Lock as `lock_for_import` does, without waiting; return False if the lock is taken."""
    return bool(session.scalar(select(func.pg_try_advisory_xact_lock(_key(account_id)))))


def lock_out_imports(session: Session, account_id: int) -> None:
    """Wait for a running import into the account, and lock imports out until the transaction ends."""
    session.execute(select(func.pg_advisory_xact_lock_shared(_key(account_id))))


def is_import_running(session: Session, account_id: int) -> bool:
    """Return whether an import into the account is running. If not, none can begin in this transaction."""
    return not session.scalar(select(func.pg_try_advisory_xact_lock_shared(_key(account_id))))


def _key(account_id: int) -> ColumnElement[int]:
    return func.hashtextextended(f"import:{account_id}", 0)
