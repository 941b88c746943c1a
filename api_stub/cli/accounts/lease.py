"""The lease on an account, which a command holds while it uses the account's session in a browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from db.engine import Database
from db.store.actions import account_lease
from db.store.people.accounts import AccountRecord
from worker.errors import RequestRefusedError


@dataclass(slots=True)
class AccountLease:
    """The lease on an account, so that no worker starts anything of it. `until` is its end."""

    account_id: int
    until: datetime
    lasts: timedelta

    def extend(self, session: Session) -> None:
        """Extend the lease. Raises RequestRefusedError if it was lost."""
        until = account_lease.extend_account(session, self.account_id, self.until, lease=self.lasts)
        if until is None:
            raise RequestRefusedError(
                "the check was interrupted: Rapport was started again, or this machine was asleep; nothing "
                "more was opened, so check again"
            )
        self.until = until


@contextmanager
def lease_account(database: Database, account: AccountRecord, *, lasts: timedelta) -> Iterator[AccountLease]:
    """Keep workers from using the account meanwhile. Raises RequestRefusedError if one is using it."""
    with database.transaction() as session:
        until = account_lease.take_account(session, account.id, lease=lasts)
    if until is None:
        raise RequestRefusedError(f"a worker uses account {account.name} right now; try again in a minute")
    lease = AccountLease(account.id, until, lasts)
    try:
        yield lease
    finally:
        with database.transaction() as session:
            account_lease.release_account(session, account.id, lease.until)
