"""Contacts whose profile a visitor campaign may open: given contacts, or connections not seen for months."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.queries import load_query
from db.store.people import addresses as contact_addresses
from db.tables import Contact
from worker.errors import Reason
from worker.rules.model import ContactStatus


@dataclass(frozen=True, slots=True)
class DueVisit:
    """A contact for a visit. `left_out` is why the profile may not be opened, or None.

    `seen_at` is when the profile was last opened or read. `planned`: a visit is already planned or running.
    `held_until` is when the hold on the contact ends, None without one.
    """

    contact_id: int
    profile_url: str
    full_name: str
    seen_at: datetime | None
    left_out: Reason | None
    planned: bool
    held_until: datetime | None = None


def save_addresses(session: Session, account_id: int, addresses: Sequence[str]) -> Sequence[int]:
    """Add people by address only; return the contact ids of all addresses, in the order given.

    People with a tombstone are skipped.
    """
    if not addresses:
        return []
    stored = contact_addresses.resolve_addresses(session, account_id, addresses)
    addresses = [stored.get(address, address) for address in addresses]
    statement = insert(Contact).values(
        [
            {
                "account_id": account_id,
                "profile_url": address,
                "full_name": address.rstrip("/").rpartition("/")[2],
                "status": ContactStatus.PROSPECT,
            }
            for address in sorted(set(addresses))
        ]
    )
    session.execute(statement.on_conflict_do_nothing())
    position = func.array_position(list(addresses), Contact.profile_url)
    known = select(Contact.id).where(Contact.account_id == account_id, Contact.profile_url.in_(addresses))
    return session.scalars(known.order_by(position)).all()


def find_known_contacts(session: Session, account_id: int, addresses: Sequence[str]) -> Mapping[str, int]:
    """Return the contacts that the account has at these addresses, by the address as given."""
    stored = contact_addresses.resolve_addresses(session, account_id, addresses)
    wanted = {address: stored.get(address, address) for address in addresses}
    known = select(Contact.profile_url, Contact.id).where(
        Contact.account_id == account_id, Contact.profile_url.in_(wanted.values())
    )
    ids = dict(session.execute(known).all())
    return {given: ids[stored_as] for given, stored_as in wanted.items() if stored_as in ids}


def check_contacts(
    session: Session, account_id: int, contact_ids: Sequence[int], *, no_repeat_days: int
) -> Sequence[DueVisit]:
    """Return for each contact whether it may be visited, in the order given."""
    asked = {
        "account_id": account_id,
        "contact_ids": list(contact_ids),
        "no_repeat": timedelta(days=no_repeat_days),
    }
    return [
        DueVisit(
            row.id, row.profile_url, row.full_name, row.seen_at,
            Reason(row.left_out) if row.left_out else None, row.planned, row.held_until,
        )
        for row in session.execute(load_query("due_visits"), asked)
    ]  # fmt: skip


def list_unseen_connections(
    session: Session, account_id: int, *, months: int, no_repeat_days: int, limit: int
) -> Sequence[DueVisit]:
    """Return connections whose profile was not seen for `months` months, longest ago first.

    Those who were never seen are the first. Only if they don't suffice, everybody's last visit is looked up.
    """
    asked = {"account_id": account_id, "limit": limit}
    found = [*session.execute(load_query("never_seen"), asked)]
    if len(found) < limit:
        seen = {
            "account_id": account_id,
            "limit": limit - len(found),
            "no_repeat": timedelta(days=no_repeat_days),
            "not_seen": f"{months} months",
        }
        found += session.execute(load_query("seen_long_ago"), seen)
    return [DueVisit(row.id, row.profile_url, row.full_name, row.seen_at, None, False) for row in found]
