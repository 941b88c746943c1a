"""All stored browser sessions: which of them the keys open, and sealing them with the newest key."""

from collections.abc import Sequence
from dataclasses import dataclass

from db.engine import Database
from db.store.people import accounts
from worker.secrets import Vault


@dataclass(frozen=True, slots=True)
class ResealReport:
    """How many sessions were sealed with the newest key, and the accounts whose session no key opens."""

    sealed: int
    unopened: Sequence[str]


def list_unopened_accounts(database: Database, vault: Vault) -> list[str]:
    """Return the names of the accounts whose stored session none of the keys opens."""
    with database.transaction() as session:
        everyone = accounts.list_accounts(session)
    return [each.name for each in everyone if each.session is not None and not vault.can_open(each.session)]


def reseal_sessions(database: Database, vault: Vault) -> ResealReport:
    """Seal every session with the newest key; leave alone those that no key opens.

    Safe while others sign in: a session that was stored meanwhile is not overwritten, but sealed in its turn.
    """
    with database.transaction() as session:
        everyone = accounts.list_accounts(session)
    stored = [(each, each.session) for each in everyone if each.session is not None]
    left = [each.name for each, sealed in stored if not _reseal(database, vault, each.id, sealed)]
    return ResealReport(len(stored) - len(left), left)


def _reseal(database: Database, vault: Vault, account_id: int, stored: bytes) -> bool:
    """Return False where no key opens it. If another sign-in has stored a session meanwhile, seal that."""
    while vault.can_open(stored):
        with database.transaction() as session:
            if accounts.replace_session(session, account_id, stored, vault.reseal(stored)):
                return True
            stored = accounts.get_account(session, account_id).session or b""
    return False
