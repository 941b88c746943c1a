"""What is encrypted at rest: browser sessions, and the addresses of subscriptions.

Find what no key decrypts, and re-encrypt all with the newest key.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from db.engine import Database
from db.store.backups.fingerprints import record_key
from db.store.imports import subscriptions
from db.store.people import accounts
from worker.secrets import Vault


@dataclass(frozen=True, slots=True)
class ResealReport:
    """How many sessions and addresses of subscriptions were re-encrypted, and which no key decrypts.

    `unopened` are accounts, `unopened_sources` the ids of subscriptions.
    """

    sealed: int
    unopened: Sequence[str]
    sources: int = 0
    unopened_sources: Sequence[int] = ()


def list_unopened_accounts(database: Database, vault: Vault) -> list[str]:
    """Return the names of the accounts whose stored session no key decrypts."""
    with database.transaction() as session:
        everyone = accounts.list_accounts(session)
    return [each.name for each in everyone if each.session is not None and not vault.can_open(each.session)]


def list_unopened_sources(database: Database, vault: Vault) -> list[int]:
    """Return the ids of the subscriptions whose address no key decrypts."""
    with database.transaction() as session:
        return [each for each, sealed in subscriptions.list_sealed(session) if not vault.can_open(sealed)]


def reseal_sessions(database: Database, vault: Vault) -> ResealReport:
    """Re-encrypt every session and address with the newest key, except those that no key decrypts.

    Safe during sign-ins: a session that was stored meanwhile is re-encrypted, not overwritten.
    """
    with database.transaction() as session:
        everyone = accounts.list_accounts(session)
    stored = [(each, each.session) for each in everyone if each.session is not None]
    left = [each.name for each, sealed in stored if not _reseal(database, vault, each.id, sealed)]
    unopened = list_unopened_sources(database, vault)
    with database.transaction() as session:
        record_key(session, vault.variable, vault.fingerprints[0])
        sources = subscriptions.reseal(session, vault.reseal, without=unopened)
    return ResealReport(len(stored) - len(left), left, sources, unopened)


def _reseal(database: Database, vault: Vault, account_id: int, stored: bytes) -> bool:
    """Return False if no key decrypts it. If a sign-in stored another session meanwhile, re-encrypt that."""
    while vault.can_open(stored):
        with database.transaction() as session:
            if accounts.replace_session(session, account_id, stored, vault.reseal(stored)):
                return True
            stored = accounts.get_account(session, account_id).session or b""
    return False
