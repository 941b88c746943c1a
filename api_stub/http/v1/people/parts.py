"""The contact that a request names, and what it sends about one."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

from fastapi import Path
from sqlalchemy.orm import Session

from api_stub.http.faults import Fault, FaultType
from api_stub.http.v1.conditions import etag, require_match
from db.store.people import contact_settings, lookup
from db.store.people.lookup import ContactRecord
from worker.errors import RequestRefusedError

ContactId = Annotated[int, Path(ge=1, lt=2**63, description="The contact's id.", examples=[17])]


def require_contact(session: Session, contact_id: int) -> ContactRecord:
    """Return the contact. Raises Fault `contact-unknown` if there is none, or it was erased."""
    person = lookup.find_contact(session, contact_id)
    if person is None:
        raise Fault(FaultType.CONTACT_UNKNOWN, f"there is no contact {contact_id}")
    return person


def tag_contact(session: Session, contact_id: int) -> str:
    """Return the entity tag of what people set about a contact."""
    return etag(*contact_settings.read_settings(session, contact_id))


def require_unchanged(session: Session, contact_id: int, if_match: str | None) -> None:
    """Raise Fault `changed-meanwhile` if what people set has changed.

    Nobody else can change it until the transaction ends.
    """
    if if_match is not None:
        require_match(if_match, etag(*contact_settings.lock_settings(session, contact_id)))


def list_unchanged(session: Session, contact_id: int, if_match: str | None) -> Sequence[ContactRecord]:
    """Return the contacts in all accounts that know the person, to change them all.

    Raises Fault `contact-unknown`, or `changed-meanwhile` as `require_unchanged` does for this one.
    """
    known = lookup.list_everywhere(session, require_contact(session, contact_id))
    if if_match is not None:
        for each in known:  # all in their order: two requests for two of them could deadlock otherwise
            contact_settings.lock_settings(session, each.id)
        require_unchanged(session, contact_id, if_match)
    return known


@contextmanager
def conflicts() -> Iterator[None]:
    """Answer 409 to what the store refuses because of the present state, or because somebody works on it."""
    try:
        yield
    except RequestRefusedError as error:
        raise Fault(FaultType.CONFLICT, str(error)) from None
