"""The stored browser sessions together: which of them the keys open, and sealing them anew."""

from collections.abc import Sequence
from dataclasses import dataclass

from db.engine import Database
from db.store.people import accounts
from worker.secrets import Vault


@dataclass(frozen=True, slots=True)
class Rotated:
    """What came of sealing anew: how many sessions, and the accounts whose session no key opens."""

    sealed: int
    unopened: Sequence[str]


def unopened(database: Database, vault: Vault) -> list[str]:
    """Return the names of the accounts whose stored session none of the keys opens."""
    with database.transaction() as session:
        everyone = accounts.everyone(session)
    return [each.name for each in everyone if each.session is not None and not vault.opens(each.session)]


def seal_anew(database: Database, vault: Vault) -> Rotated:
    """Seal every session with the newest key; leave alone what no key opens.

    Safe while others sign in: what was stored meanwhile is never overwritten, but sealed anew in its turn.
    """
    with database.transaction() as session:
        everyone = accounts.everyone(session)
    stored = [(each, each.session) for each in everyone if each.session is not None]
    left = [each.name for each, sealed in stored if not _seal_anew(database, vault, each.id, sealed)]
    return Rotated(len(stored) - len(left), left)


def _seal_anew(database: Database, vault: Vault, account_id: int, stored: bytes) -> bool:
    """Return False where no key opens it. What another sign-in has stored meanwhile is taken instead."""
    while vault.opens(stored):
        with database.transaction() as session:
            if accounts.replace_session(session, account_id, stored, vault.seal_anew(stored)):
                return True
            stored = accounts.by_id(session, account_id).session or b""
    return False
