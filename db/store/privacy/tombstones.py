"""Tombstones: whom nobody may bring back. Only a hash of the address is known, by site."""

import hashlib
from collections.abc import Collection

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.tables import Tombstone

_LOCK = func.hashtextextended("tombstones", 0)
"""Held with others by whoever adds contacts (trigger last_ones_in), alone by whoever writes a tombstone."""


def hash_address(address: str) -> bytes:
    """Return what is kept of a normalised profile address. The trigger contact_passed_over has the same."""
    return hashlib.sha256(address.encode()).digest()


def lock_exclusively(session: Session) -> None:
    """Let nobody come in until this transaction ends; waits for those who are adding contacts."""
    session.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def lock_shared(session: Session) -> None:
    """Let no tombstone be added until this transaction ends, but others bring people in as well."""
    session.execute(select(func.pg_advisory_xact_lock_shared(_LOCK)))


def add_tombstone(session: Session, site: str, address: str) -> bool:
    """Write a tombstone, also where one was lifted; return whether it is new. Hold still first."""
    written = insert(Tombstone).values(site=site, fingerprint=hash_address(address))
    again = written.on_conflict_do_update(
        index_elements=["fingerprint", "site"],
        set_={"created_at": func.now(), "lifted_at": None, "lifted_by": None},
        where=Tombstone.lifted_at.is_not(None),
    )
    return session.execute(again.returning(Tombstone.site)).first() is not None


def lift_tombstone(session: Session, site: str, address: str, *, by: str) -> bool:
    """Let the person be found again, and note who said so; return whether there was a tombstone."""
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
    """Return which of these people asked to be forgotten; holds."""
    lock_shared(session)
    hashes = {hash_address(address): address for address in addresses}
    known = select(Tombstone.fingerprint).where(Tombstone.site == site, Tombstone.lifted_at.is_(None))
    return frozenset(hashes[each] for each in session.scalars(known) if each in hashes)
