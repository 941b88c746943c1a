"""Tombstones: people who must not be added again. Stores only a hash of the address, by site."""

import hashlib
from collections.abc import Collection

from sqlalchemy import ARRAY, LargeBinary, any_, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.tables import Tombstone

_LOCK = func.hashtextextended("tombstones", 0)
"""Shared by transactions that add contacts (trigger last_ones_in), exclusive for adding a tombstone."""


def hash_address(address: str) -> bytes:
    """Return the hash of a normalised profile address. The trigger contact_passed_over computes the same."""
    return hashlib.sha256(address.encode()).digest()


def lock_exclusively(session: Session) -> None:
    """Wait for transactions that add contacts, and block new ones until this transaction ends."""
    session.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def lock_shared(session: Session) -> None:
    """Block new tombstones until this transaction ends; other transactions may add contacts."""
    session.execute(select(func.pg_advisory_xact_lock_shared(_LOCK)))


def add_tombstone(session: Session, site: str, address: str) -> bool:
    """Add a tombstone, or renew a lifted one; return whether it is new. Call lock_exclusively first."""
    tombstone = insert(Tombstone).values(site=site, fingerprint=hash_address(address))
    renewed = tombstone.on_conflict_do_update(
        index_elements=["fingerprint", "site"],
        set_={"created_at": func.now(), "lifted_at": None, "lifted_by": None},
        where=Tombstone.lifted_at.is_not(None),
    )
    return session.execute(renewed.returning(Tombstone.site)).first() is not None


def lift_tombstone(session: Session, site: str, address: str, *, by: str) -> bool:
    """Lift a tombstone, and record by whom; return whether there was one."""
    lifted = (
        update(Tombstone)
        .where(
            Tombstone.site == site,
            Tombstone.fingerprint == hash_address(address),
            Tombstone.lifted_at.is_(None),
        )
        .values(lifted_at=func.now(), lifted_by=by)
    )
    return session.execute(lifted.returning(Tombstone.site)).first() is not None


def list_forgotten_addresses(session: Session, site: str, addresses: Collection[str]) -> frozenset[str]:
    """Return those of these addresses that have a tombstone; takes the shared lock."""
    lock_shared(session)
    hashes = {hash_address(address): address for address in addresses}
    known = select(Tombstone.fingerprint).where(
        Tombstone.site == site,
        Tombstone.lifted_at.is_(None),
        Tombstone.fingerprint == any_(literal(list(hashes), ARRAY(LargeBinary))),
    )
    return frozenset(hashes[each] for each in session.scalars(known))
