"""Sent invitations that were not answered, stored as contacts."""

from collections.abc import Sequence

from sqlalchemy import case, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.store.people import addresses, import_lock
from db.tables import Action, Contact
from worker.rules.invitations import InvitedContact
from worker.rules.lifecycle import END_STATES
from worker.rules.model import ActionState, ContactStatus, Kind, SentInvitation


def save_invited(session: Session, account_id: int, sent: Sequence[SentInvitation]) -> int:
    """Upsert the invited people as contacts; return how many were stored.

    New contacts are PROSPECT; an existing status stays. People with a tombstone are skipped.
    """
    if not sent:
        return 0
    import_lock.lock_out_imports(session, account_id)
    known = addresses.resolve_addresses(session, account_id, [one.profile_url for one in sent])
    people = {known.get(one.profile_url, one.profile_url): one.full_name for one in sent}
    statement = insert(Contact).values(
        [
            {
                "account_id": account_id,
                "profile_url": address,
                "full_name": name,
                "status": ContactStatus.PROSPECT,
            }
            for address, name in sorted(people.items())
        ]
    )
    stored = session.scalars(
        statement.on_conflict_do_update(
            index_elements=["account_id", "profile_url"], set_={"full_name": statement.excluded.full_name}
        ).returning(Contact.id)
    )
    return len(stored.all())


def list_invited(
    session: Session, account_id: int, sent: Sequence[SentInvitation], *, occasion: str
) -> list[InvitedContact]:
    """Return the invitations whose person is a contact, with the state of a withdrawal.

    The withdrawal is the open one, else the ended one of this `occasion`, else None.
    """
    shown = [one.profile_url for one in sent]
    known = addresses.resolve_addresses(session, account_id, shown)
    stored = {known.get(address, address): address for address in shown}
    contacts = select(Contact.id, Contact.profile_url).where(
        Contact.account_id == account_id, Contact.profile_url.in_(stored)
    )
    ids = {stored[address]: contact_id for contact_id, address in session.execute(contacts)}
    ended = Action.state.in_(END_STATES)
    planned = session.execute(
        select(Action.contact_id, Action.state)
        .where(
            Action.contact_id.in_(ids.values()),
            Action.kind == Kind.WITHDRAW,
            ~ended | (Action.occasion == occasion),
        )
        .order_by(case((ended, 0), else_=1))  # an open one overwrites an ended one below
    )
    states = {contact_id: ActionState(state) for contact_id, state in planned}
    return [
        InvitedContact(contact_id, one, states.get(contact_id))
        for one in sent
        if (contact_id := ids.get(one.profile_url)) is not None
    ]
