"""Doubts about who a contact is, for a person to settle: two who may be one, and addresses that moved."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.queries import load_query
from db.store.actions.contact_changes import readdress
from db.store.identity import learning
from db.tables import Account, Contact, IdentityChange
from worker.errors import Reason, RequestRefusedError
from worker.rules.people.addresses import is_member_url


@dataclass(frozen=True, slots=True)
class IdentityDoubt:
    """A contact, and why it is uncertain who it is.

    `other_url` is the address of the contact who may be the same person, or the address by member id of the
    member who has the contact's address now; `other_id` is None for that member.
    """

    account: str
    contact_id: int
    name: str
    profile_url: str
    other_id: int | None
    other_url: str
    reason: Reason

    @property
    def place(self) -> tuple[int, int]:
        """Where it stands in the list of its account."""
        return self.contact_id, self.other_id or 0


def list_identity_doubts(
    session: Session, *, account: str | None = None, after: tuple[int, int] | None = None, limit: int = 100
) -> Sequence[IdentityDoubt]:
    """Return the open doubts, by account and contact.

    With one account, a page begins after the `place` of the last doubt of the page before.
    """
    after_id, after_other = after or (None, None)
    values = {"account": account, "after_id": after_id, "after_other": after_other, "limit": limit}
    rows = session.execute(load_query("identity_doubts"), values)
    return [
        IdentityDoubt(
            row.name, row.id, row.full_name, row.profile_url, row.other_id, row.other_url, Reason(row.reason)
        )
        for row in rows
    ]


def find_identity_doubt(session: Session, account: str, place: tuple[int, int]) -> IdentityDoubt | None:
    """Return the open doubt at this place of the account's list, or None."""
    contact_id, other_id = place
    found = list_identity_doubts(session, account=account, after=(contact_id, other_id - 1), limit=1)
    return found[0] if found and found[0].place == place else None


def count_identity_doubts(session: Session, account_id: int) -> int:
    """Return the number of open doubts of an account."""
    return int(session.scalars(load_query("identity_count"), {"account_id": account_id}).one())


@dataclass(frozen=True, slots=True)
class Person:
    """What is known of a contact, for comparing two. `birthday` is month, day and year."""

    id: int
    name: str
    profile_url: str
    headline: str
    company: str
    email: str
    birthday: tuple[int, int, int | None] | None
    connected_on: date | None
    last_greeted_on: date | None


def list_people(session: Session, ids: Collection[int]) -> Mapping[int, Person]:
    """Return what is known of these contacts, by id."""
    return {
        row.id: Person(
            row.id, row.full_name, row.profile_url,
            row.profile.get("headline") or row.profile.get("position") or "",
            row.profile.get("company") or "", row.email or "",
            (row.birth_month, row.birth_day, row.birth_year)
            if row.birth_month is not None and row.birth_day is not None
            else None,
            row.connected_on, row.last_greeted_on,
        )
        for row in session.scalars(select(Contact).where(Contact.id.in_(ids)))
    }  # fmt: skip


def list_waiting(session: Session, account_id: int) -> Mapping[int, Reason]:
    """Return the contacts whose greeting waits until a person says who they are, with the reason."""
    rows = session.execute(load_query("identity_waiting"), {"account_id": account_id})
    return {row.id: Reason(row.reason) for row in rows}


def count_pairs_of_import(session: Session, import_id: int) -> int:
    """Return how many contacts that an import added or changed may be the same person as another contact."""
    statement = load_query("import_maybe_same")
    return int(session.scalars(statement, {"import_id": import_id}).one())


def set_address(session: Session, contact_id: int, address: str, *, by: str) -> None:
    """Settle by hand which address is the contact's: a new one, or the present one, whoever has it now.

    Raises RequestRefusedError if another contact of the account has the address.
    """
    contact = session.scalars(select(Contact).where(Contact.id == contact_id).with_for_update()).one()
    _refuse_if_taken(session, contact, address)
    site = session.scalars(select(Account.site).where(Account.id == contact.account_id)).one()
    if address in {contact.profile_url, contact.moved_to}:
        if contact.moved_to is None:
            raise RequestRefusedError("this is the contact's address already; nothing was changed")
        _refuse_if_taken(session, contact, contact.moved_to)
        _accept_member(session, contact, contact.moved_to, by=by)
    elif is_member_url(address, site):
        _accept_member(session, contact, address, by=by)
    else:
        learning.change_address(session, contact, address, by=by)
    contact.moved_to = None
    session.flush()
    readdress.wake_actions(session, [contact_id])


def _accept_member(session: Session, contact: Contact, member_url: str, *, by: str) -> None:
    session.add(
        IdentityChange(
            account_id=contact.account_id, contact_id=contact.id, what="accepted",
            before=contact.member_url, changed_by=by,
        )
    )  # fmt: skip
    if contact.profile_url == contact.member_url:
        contact.profile_url = member_url
    contact.member_url = member_url
    session.flush()


def _refuse_if_taken(session: Session, contact: Contact, address: str) -> None:
    taken = select(Contact.full_name).where(
        Contact.account_id == contact.account_id,
        Contact.id != contact.id,
        (Contact.profile_url == address) | (Contact.member_url == address),
    )
    if (name := session.scalars(taken.limit(1)).first()) is not None:
        raise RequestRefusedError(
            f"another contact, {name}, has this address; if they are one person: `rapport contacts merge`"
        )
