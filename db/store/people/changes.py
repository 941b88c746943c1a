"""Record what people change about a contact."""

from typing import Final

from sqlalchemy.orm import Session

from db.store import audit

HOLD: Final = "contact.hold"
RELEASE: Final = "contact.release"
NEVER: Final = "contact.never"
ALLOW: Final = "contact.allow"
EDIT: Final = "contact.edit"
FORGET: Final = "contact.forget"


def subject_of(contact_id: int) -> str:
    """Return how the table of changes names a contact."""
    return f"contact:{contact_id}"


def record_change(session: Session, contact_id: int, change: str, *, by: str, detail: str = "") -> None:
    """Record a change of a contact. `detail` holds days and names of columns, nothing personal."""
    audit.record_change(session, by=by, change=change, about=subject_of(contact_id), detail=detail)
