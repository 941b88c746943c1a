"""The epoch of an account's quota: it counts rebuilds of the counters and fences grants from before them."""

from collections.abc import Collection

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.store.quota.ledger import write_breaker
from db.tables import QuotaEpoch
from worker.rules.model import Kind
from worker.rules.quota.breaker import Breaker


def raise_epoch(session: Session, account_id: int, *, seen: int) -> int | None:
    """End epoch `seen` with all its grants, and return the new epoch; None if it has ended already.

    Holds the account's lock until the transaction ends, so that only one process rebuilds lost counters.
    """
    epoch = _lock_or_create(session, account_id)
    if epoch != seen:
        return None
    session.execute(update(QuotaEpoch).where(QuotaEpoch.account_id == account_id).values(epoch=epoch + 1))
    return epoch + 1


def end_epoch(session: Session, account_id: int) -> None:
    """End the account's epoch with all its grants: the next decision rebuilds the counters."""
    raise_epoch(session, account_id, seen=_lock_or_create(session, account_id))


def reset_breakers(session: Session, account_id: int, kinds: Collection[Kind]) -> None:
    """Close the breakers of `kinds`, for operators. The next decision rebuilds the counters."""
    end_epoch(session, account_id)
    for kind in kinds:
        write_breaker(session, account_id, kind, Breaker())


def lock_epochs(session: Session, account_id: int) -> tuple[int, int]:
    """Lock the account's quota until the transaction ends; return its epoch and the fallback's."""
    of_account = select(QuotaEpoch.epoch, QuotaEpoch.fallback).where(QuotaEpoch.account_id == account_id)
    epoch, fallback = session.execute(of_account.with_for_update()).one()
    return epoch, fallback


def _lock_or_create(session: Session, account_id: int) -> int:
    session.execute(insert(QuotaEpoch).values(account_id=account_id, epoch=0).on_conflict_do_nothing())
    epoch, _ = lock_epochs(session, account_id)
    return epoch
