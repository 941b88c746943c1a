"""A lease on a whole account, for a command that opens the account's pages itself.

It is the lease with which a worker reads the inbox: meanwhile the dispatcher starts no action of the account.
"""

from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select, update
from sqlalchemy.orm import Session

from db.engine import get_database_time
from db.tables import Account, Action
from worker.rules.lifecycle import IN_FLIGHT
from worker.rules.model import ActionState


def take_account(session: Session, account_id: int, *, lease: timedelta) -> datetime | None:
    """Lease the account, or return None while it is in use. Commit before opening a page."""
    # The dispatcher locks the same row: the second of the two sees what the first has committed.
    row = session.scalars(
        select(Account)
        .where(Account.id == account_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()
    now = get_database_time(session)
    in_flight = or_(
        Action.state.in_(IN_FLIGHT),
        and_(Action.state == ActionState.UNCERTAIN, Action.lease_until.is_not(None)),
    )
    is_busy = session.scalar(select(Action.id).where(Action.account_id == account_id, in_flight).limit(1))
    if is_busy is not None or (row.inbox_lease_until is not None and row.inbox_lease_until > now):
        return None
    until = now + lease
    session.execute(update(Account).where(Account.id == account_id).values(inbox_lease_until=until))
    return until


def release_account(session: Session, account_id: int, until: datetime) -> None:
    """Release the lease that ends at `until`, unless somebody else has one now."""
    session.execute(
        update(Account)
        .where(Account.id == account_id, Account.inbox_lease_until == until)
        .values(inbox_lease_until=None)
    )


def extend_account(
    session: Session, account_id: int, until: datetime, *, lease: timedelta
) -> datetime | None:
    """Extend the lease that ends at `until` and return its new end; None if another one has replaced it."""
    later = get_database_time(session) + lease
    extended = session.execute(
        update(Account)
        .where(Account.id == account_id, Account.inbox_lease_until == until)
        .values(inbox_lease_until=later)
        .returning(Account.id)
    )
    return later if extended.first() is not None else None
