"""The contact that an address of the console names."""

from typing import Annotated

from fastapi import Depends
from sqlalchemy.orm import Session

from api_stub.console.errors import UnknownPageError
from db.store.people import lookup
from db.store.people.lookup import ContactRecord

_MOST_DIGITS = 18


async def _read_id(contact: str) -> int:
    if not (contact.isascii() and contact.isdigit() and len(contact) <= _MOST_DIGITS):
        raise UnknownPageError
    return int(contact)


ContactId = Annotated[int, Depends(_read_id)]


def find_person(session: Session, contact_id: int) -> ContactRecord:
    """Return the contact. Raises UnknownPageError if there is none, or it was erased."""
    person = lookup.find_contact(session, contact_id)
    if person is None:
        raise UnknownPageError
    return person
