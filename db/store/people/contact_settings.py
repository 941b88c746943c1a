"""What people set about a contact, for changing it only if it is still what somebody has read."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.tables import Action, Contact
from worker.rules.lifecycle import END_STATES

_COLUMNS = (
    Contact.profile_url, Contact.member_url, Contact.moved_to, Contact.birth_month, Contact.birth_day,
    Contact.birth_year, Contact.call_by, Contact.language, Contact.do_not_contact, Contact.hold_until,
    Contact.hold_reason, Contact.hold_by, Contact.by_hand,
)  # fmt: skip


def read_settings(session: Session, contact_id: int) -> tuple[object, ...]:
    """Return the values that people set about a contact. Raises NoResultFound for an unknown id."""
    return tuple(session.execute(select(*_COLUMNS).where(Contact.id == contact_id)).one())


def lock_settings(session: Session, contact_id: int) -> tuple[object, ...]:
    """Return the same as `read_settings`, which nobody else can change until the transaction ends."""
    # Lock the actions before the contact, as recording an effect does.
    open_actions = select(Action.id).where(Action.contact_id == contact_id, Action.state.not_in(END_STATES))
    session.execute(open_actions.order_by(Action.id).with_for_update()).all()
    session.execute(select(Contact.id).where(Contact.id == contact_id).with_for_update()).all()
    return read_settings(session, contact_id)
