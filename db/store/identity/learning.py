"""Who a contact is: the addresses by slug and by member id, learnt from pages and files."""

from collections.abc import Sequence
from enum import StrEnum
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from db.store.actions.contact_changes import readdress
from db.store.identity import merging
from db.store.people import addresses
from db.tables import Contact, IdentityChange
from worker import logs
from worker.rules.people.identity import PersonKeys

log = logs.get_logger(__name__)


class Learned(StrEnum):
    """What became of the keys that a page showed."""

    NOTHING = "nothing"
    STORED = "stored"
    MERGED = "merged"
    MOVED = "moved"
    """The address belongs to another member now; a person decides."""
    BUSY = "busy"
    """Two contacts are one, but a worker acts for one of them now; the next page shows it again."""


def learn_keys(
    session: Session, account_id: int, keys: PersonKeys, *, by: str, holding: UUID | None = None
) -> Learned:
    """Store that both addresses are of one person, as a page shows; merge two contacts that prove to be one.

    The member id decides: an unknown slug of a known id replaces the former address; a slug whose contact has
    another id marks this contact as moved. `holding` is the action that the caller has claimed. Nothing is
    added: an unknown person stays unknown.
    """
    if keys.profile_url is None or keys.member_url is None:
        return Learned.NOTHING
    by_slug, by_id = _find_both(session, account_id, keys)
    if by_slug is None and by_id is None:
        return Learned.NOTHING
    if by_slug is None or by_id is None or by_slug.id == by_id.id:
        return _learn_of_one(session, by_slug, by_id, keys, by=by)
    if by_slug.member_url is not None or by_id.profile_url != by_id.member_url:
        return _mark_moved(session, by_slug, keys, by=by)
    merged = merging.merge_contacts(session, by_slug.id, by_id.id, by=by, holding=holding)
    return Learned.MERGED if merged else Learned.BUSY


def learn_from_file(session: Session, account_id: int, keys: PersonKeys) -> Learned:
    """Learn as `learn_keys` does, but only what contradicts nothing: a file may be old."""
    by_slug, by_id = _find_both(session, account_id, keys)
    if by_slug is not None and by_slug.member_url not in {None, keys.member_url}:
        return Learned.NOTHING
    if by_id is not None and by_id.profile_url not in {by_id.member_url, keys.profile_url}:
        return Learned.NOTHING
    return learn_keys(session, account_id, keys, by="import")


def learn_all(session: Session, account_id: int, found: Sequence[PersonKeys], *, by: str) -> None:
    """Learn the keys of everybody on a page or in a file."""
    complete = [keys for keys in found if keys.profile_url and keys.member_url]
    if not complete:
        return
    shown = sorted({address for keys in complete for address in keys.addresses})
    stored = session.scalars(
        select(Contact).where(
            Contact.account_id == account_id,
            or_(Contact.profile_url.in_(shown), Contact.member_url.in_(shown)),
            Contact.moved_to.is_(None),
        )
    )
    known = {addresses.keys_of(row) for row in stored}
    for keys in complete:
        if keys not in known:
            learn_keys(session, account_id, keys, by=by)


def change_address(session: Session, contact: Contact, address: str, *, by: str) -> None:
    """Give the contact another profile address, and keep the former one with who changed it.

    An approval is bound to the address; it goes over to the new one, because the person is the same.
    """
    former = contact.profile_url
    session.add(
        IdentityChange(
            account_id=contact.account_id, contact_id=contact.id, what="address", before=former, changed_by=by
        )
    )
    contact.profile_url = address
    session.flush()
    readdress.move_approvals(session, contact.id, former, address)
    log.info("address_changed", contact=contact.id)


def _find_both(session: Session, account_id: int, keys: PersonKeys) -> tuple[Contact | None, Contact | None]:
    rows = session.scalars(
        select(Contact)
        .where(
            Contact.account_id == account_id,
            or_(Contact.profile_url == keys.profile_url, Contact.member_url == keys.member_url),
        )
        .execution_options(populate_existing=True)
    ).all()
    by_slug = next((row for row in rows if row.profile_url == keys.profile_url), None)
    return by_slug, next((row for row in rows if row.member_url == keys.member_url), None)


def _learn_of_one(
    session: Session, by_slug: Contact | None, by_id: Contact | None, keys: PersonKeys, *, by: str
) -> Learned:
    if by_slug is None and by_id is not None and keys.profile_url is not None:
        change_address(session, by_id, keys.profile_url, by=by)
        by_id.moved_to = None  # whoever has the former address now
        session.flush()
        return Learned.STORED
    if by_slug is not None and by_id is not None:
        if by_slug.moved_to is None:
            return Learned.NOTHING
        by_slug.moved_to = None  # the address is theirs again
        session.flush()
        return Learned.STORED
    if by_slug is None:
        return Learned.NOTHING
    if by_slug.member_url is not None:
        return _mark_moved(session, by_slug, keys, by=by)
    by_slug.member_url = keys.member_url
    session.flush()
    return Learned.STORED


def _mark_moved(session: Session, contact: Contact, keys: PersonKeys, *, by: str) -> Learned:
    if contact.moved_to != keys.member_url:
        contact.moved_to = keys.member_url
        session.add(
            IdentityChange(
                account_id=contact.account_id, contact_id=contact.id, what="moved",
                before=contact.member_url, changed_by=by,
            )
        )  # fmt: skip
        session.flush()
        log.warning("address_moved", contact=contact.id)
    return Learned.MOVED


def tell_apart(session: Session, one: int, other: int, *, by: str) -> None:
    """Store that two contacts are two people, and let both be greeted."""
    contact = session.scalars(select(Contact).where(Contact.id == one)).one()
    session.add(
        IdentityChange(
            account_id=contact.account_id, contact_id=one, other_id=other, what="distinct", changed_by=by
        )
    )
    session.flush()
    readdress.wake_actions(session, [one, other])
