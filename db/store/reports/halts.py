"""What stops accounts now."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from db.store.kill_switch import get_kill_switch
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from worker.rules import halts
from worker.rules.halts import Halt


def list_halts(session: Session, account: AccountRecord) -> Sequence[Halt]:
    """Return everything that stops the account, the first thing to deal with first."""
    return _halts(account, killed=get_kill_switch(session) is not None)


def list_halted_accounts(session: Session) -> Sequence[tuple[AccountRecord, Halt]]:
    """Return the accounts that are stopped, by name, each with the first thing to deal with."""
    killed = get_kill_switch(session) is not None
    found = ((account, _halts(account, killed=killed)) for account in accounts.list_accounts(session))
    return [(account, halted[0]) for account, halted in found if halted]


def _halts(account: AccountRecord, *, killed: bool) -> Sequence[Halt]:
    return tuple(
        halts.list_halts(
            kill_switch=killed,
            status=account.status,
            stop_reason=account.stop_reason,
            signed_in=account.session is not None,
        )
    )
