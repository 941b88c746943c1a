"""Erasure of one person from all accounts of a site; leaves a tombstone and rows without personal data."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from psycopg.errors import LockNotAvailable
from sqlalchemy import delete, or_, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from db.store.actions import endings
from db.store.actions.events import lock_audit_head
from db.store.people import addresses, import_lock
from db.store.privacy import personal_columns, redaction, tombstones
from db.store.privacy.personal_columns import ErasedRows
from db.tables import Account, Contact, Exclusion, IdentityChange
from worker.errors import RequestRefusedError
from worker.rules.people.mentions import Mentions

BUSY = (
    "a worker or a command is using this person's data right now; nothing was changed: try again in a minute"
)


@dataclass(frozen=True, slots=True)
class ErasureReport:
    """Counts of what was erased. `new`: there was no tombstone before.

    `account_ids` are all accounts of the site, and `addresses` all of the person, for deleting screenshots.
    """

    new: bool
    accounts: int
    skipped: int
    erased: ErasedRows
    exclusions: int
    mentions: int
    account_ids: Sequence[int]
    addresses: frozenset[str]


def forget_person(session: Session, site: str, address: str) -> ErasureReport:
    """Erase the person of this normalised address from all accounts of the site.

    Adds a tombstone for each address that is known of the person.

    Needs a transaction of its own. Raises RequestRefusedError, and changes nothing, while a worker, a
    planner or an import works on the person.
    """
    with _refuse_if_locked():
        account_ids = _lock_accounts(session, site)
        keys = _find_keys(session, account_ids, address)
        people = session.scalars(
            select(Contact)
            .where(
                or_(Contact.profile_url.in_(keys), Contact.member_url.in_(keys)),
                Contact.account_id.in_(account_ids),
            )
            .order_by(Contact.id)
            .with_for_update(nowait=True)
        ).all()
        ids = [*(person.id for person in people), *_list_merged(session, [person.id for person in people])]
        who = Mentions(
            addresses=sorted(keys),
            names={person.full_name for person in people},
            emails={person.email for person in people if person.email},
        )
        skipped = endings.end_for_erasure(session, ids)
        if skipped is None:
            raise RequestRefusedError(BUSY)
        added = [tombstones.add_tombstone(session, site, key) for key in sorted(keys)]
        new = any(added)
        exclusions = _delete_exclusions(session, account_ids, keys, {person.name_key for person in people})
        mentions = redaction.redact_person(session, account_ids, site, who)
        erased = personal_columns.erase_contacts(session, ids)
    return ErasureReport(new, len(people), skipped, erased, exclusions, mentions, account_ids, keys)


def find_addresses(session: Session, site: str, address: str) -> frozenset[str]:
    """Return all addresses that the site's accounts know of this person; each leaves a tombstone."""
    account_ids = session.scalars(select(Account.id).where(Account.site == site)).all()
    return _find_keys(session, account_ids, address)


def _find_keys(session: Session, account_ids: Sequence[int], address: str) -> frozenset[str]:
    """Return all addresses that any account of the site knows of this person, former ones and ids included.

    A slug of one account may lead to an id, by which another account knows the person.
    """
    keys = frozenset({address})
    while True:
        former = select(IdentityChange.contact_id).where(
            IdentityChange.before.in_(keys), IdentityChange.what != "moved"
        )
        rows = session.scalars(
            select(Contact).where(
                Contact.account_id.in_(account_ids),
                or_(Contact.profile_url.in_(keys), Contact.member_url.in_(keys), Contact.id.in_(former)),
                Contact.forgotten_at.is_(None),
            )
        ).all()
        found = keys.union(*(addresses.keys_of(row).addresses for row in rows))
        found |= addresses.list_former_addresses(session, [row.id for row in rows])
        if found == keys:
            return keys
        keys = found


def _list_merged(session: Session, ids: Sequence[int]) -> Sequence[int]:
    """Return the empty contacts that were merged into these; actions may refer to them."""
    merged = select(IdentityChange.other_id).where(
        IdentityChange.contact_id.in_(ids), IdentityChange.what == "merged"
    )
    return [each for each in session.scalars(merged) if each is not None]


@contextmanager
def _refuse_if_locked() -> Iterator[None]:
    """Turn a row lock that can't be had at once (LockNotAvailable) into RequestRefusedError.

    Erasure holds the audit heads, so it must not wait for actions, contacts or campaigns: their
    holders may be waiting for an audit head.
    """
    try:
        yield
    except OperationalError as error:
        if isinstance(error.orig, LockNotAvailable):
            raise RequestRefusedError(BUSY) from None
        raise


def _lock_accounts(session: Session, site: str) -> Sequence[int]:
    """Lock the site's accounts: imports, dispatch, inbox readers and pages wait for this transaction."""
    account_ids = session.scalars(select(Account.id).where(Account.site == site).order_by(Account.id)).all()
    for account_id in account_ids:
        if not import_lock.try_lock_for_import(session, account_id):
            raise RequestRefusedError(
                "an import into an account of this site is running (`rapport import list`); "
                "nothing was changed: try again when it has finished"
            )
    held = select(Account.id).where(Account.site == site).order_by(Account.id)
    session.execute(held.with_for_update(key_share=True)).all()
    for account_id in account_ids:
        lock_audit_head(session, account_id)
    tombstones.lock_exclusively(session)
    return account_ids


def _delete_exclusions(
    session: Session, account_ids: Sequence[int], addresses: Collection[str], keys: set[str]
) -> int:
    """Delete the exclusions of the addresses, and of names that no other contact of the account has."""
    others = (
        select(Contact.id)
        .where(
            Contact.account_id == Exclusion.account_id,
            Contact.name_key == Exclusion.name_key,
            Contact.profile_url.not_in(addresses),
        )
        .exists()
    )
    is_of_person = or_(Exclusion.profile_url.in_(addresses), Exclusion.name_key.in_(keys) & ~others)
    deletion = delete(Exclusion).where(Exclusion.account_id.in_(account_ids), is_of_person)
    return len(session.execute(deletion.returning(Exclusion.id)).all())
