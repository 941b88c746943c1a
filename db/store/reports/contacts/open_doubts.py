"""What a person is asked about one contact: who it is, and whose birthday it is."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.queries import load_query
from db.store.people import lookup
from db.store.people.lookup import ContactRecord
from db.tables import Contact, ImportDoubt


@dataclass(frozen=True, slots=True)
class OpenDoubts:
    """`same` may be the same person; `birthdays` wait for an answer; `moved`: the address is another's."""

    same: Sequence[ContactRecord]
    birthdays: int
    moved: bool


def find_open_doubts(session: Session, contact_id: int) -> OpenDoubts:
    """Return the open doubts about a contact."""
    ids = session.scalars(load_query("maybe_same_as"), {"contact_id": contact_id}).all()
    same = (lookup.find_contact(session, each) for each in ids)
    asked = select(func.count()).where(ImportDoubt.contact_id == contact_id, ImportDoubt.settled_at.is_(None))
    moved_to = session.scalar(select(Contact.moved_to).where(Contact.id == contact_id))
    return OpenDoubts(
        [each for each in same if each is not None], session.scalars(asked).one(), moved_to is not None
    )
