"""The addresses of a contact: by slug, by member id, and former ones."""

from collections.abc import Collection, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.tables import Contact, IdentityChange
from worker.rules.people.identity import PersonKeys


def keys_of(contact: Contact) -> PersonKeys:
    """Return the keys of a stored contact."""
    return PersonKeys.of(contact.profile_url, contact.member_url)


def resolve_addresses(session: Session, account_id: int, addresses: Collection[str]) -> Mapping[str, str]:
    """Return the profile address under which the account knows each person who has another key, too.

    The keys are addresses by member id and former addresses; an address that is a contact's own is left out.
    """
    wanted = sorted(set(addresses))
    own = select(Contact.profile_url).where(Contact.account_id == account_id, Contact.profile_url.in_(wanted))
    by_id = select(Contact.member_url, Contact.profile_url).where(
        Contact.account_id == account_id, Contact.member_url.in_(wanted)
    )
    former = (
        select(IdentityChange.before, Contact.profile_url)
        .join(Contact, Contact.id == IdentityChange.contact_id)
        .where(
            IdentityChange.account_id == account_id,
            IdentityChange.before.in_(wanted),
            Contact.forgotten_at.is_(None),
        )
        .order_by(IdentityChange.id)
    )
    found = {key: address for key, address in session.execute(former) if key is not None}
    found |= {key: address for key, address in session.execute(by_id) if key is not None}
    known = set(session.scalars(own))
    return {key: address for key, address in found.items() if key not in known}


def list_moved_addresses(session: Session, account_id: int, addresses: Collection[str]) -> frozenset[str]:
    """Return those of these addresses that are stored for somebody, but belong to another member by now."""
    moved = select(Contact.profile_url).where(
        Contact.account_id == account_id, Contact.profile_url.in_(addresses), Contact.moved_to.is_not(None)
    )
    return frozenset(session.scalars(moved)) if addresses else frozenset()


def list_former_addresses(session: Session, contact_ids: Collection[int]) -> frozenset[str]:
    """Return the addresses that these contacts had before, or that were merged into them."""
    former = select(IdentityChange.before).where(
        IdentityChange.contact_id.in_(contact_ids),
        IdentityChange.before.is_not(None),
        IdentityChange.what != "moved",
    )
    return frozenset(address for address in session.scalars(former) if address is not None)
