"""Which screenshots belong to an action."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.tables import Action, Contact
from worker.rules.model import Kind


def find_subject(session: Session, account_id: int, action_id: str) -> tuple[str, Kind] | None:
    """Return the subject of an action's screenshots (the person's address, or the occasion), and its kind."""
    try:
        sought = UUID(action_id)
    except ValueError:
        return None
    row = session.execute(
        select(Contact.profile_url, Action.occasion, Action.kind)
        .outerjoin(Contact, Contact.id == Action.contact_id)
        .where(Action.id == sought, Action.account_id == account_id)
    ).one_or_none()
    return None if row is None else (row.profile_url or row.occasion, Kind(row.kind))
