"""Values of a contact that a person set by hand. A trigger keeps them over imports and pages of the site."""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.store.people import changes
from db.tables import Contact

_BIRTHDAY: Final = {"month": "birth_month", "day": "birth_day", "year": "birth_year"}


@dataclass(frozen=True, slots=True)
class HandEdits:
    """The changes of one edit: None leaves a value alone, an empty text or date takes an edit back.

    `birthday` is (month, day, year or None), or () to take it back.
    """

    birthday: tuple[int, int, int | None] | tuple[()] | None = None
    call_by: str | None = None
    language: str | None = None


def save_hand_edits(session: Session, contact_id: int, edits: HandEdits, *, by: str) -> None:
    """Store the edits with who made them and when. Taking one back restores the value of before."""
    contact = session.scalars(select(Contact).where(Contact.id == contact_id).with_for_update()).one()
    changed = [part for part in ("birthday", "call_by", "language") if getattr(edits, part) is not None]
    changes.record_change(session, contact_id, changes.EDIT, by=by, detail=" ".join(changed))
    at = session.scalars(select(func.now())).one().isoformat(timespec="seconds")
    made: dict[str, Any] = dict(contact.by_hand or {})
    was: dict[str, Any] = dict(made.pop("was", {}))
    signed = {"by": by, "at": at}
    if edits.birthday is not None:
        before = {part: getattr(contact, column) for part, column in _BIRTHDAY.items()}
        if edits.birthday:
            was.setdefault("birthday", before)
            made["birthday"] = dict(zip(("month", "day", "year"), edits.birthday, strict=True)) | signed
        elif made.pop("birthday", None) is not None:
            restored = was.pop("birthday", {})
            for part, column in _BIRTHDAY.items():
                setattr(contact, column, restored.get(part))
    if edits.language is not None:
        if edits.language:
            was.setdefault("language", contact.language)
            made["language"], made["language_by"] = edits.language, signed
        elif made.pop("language", None) is not None:
            made.pop("language_by", None)
            contact.language = was.pop("language", None)
    if edits.call_by is not None:
        contact.call_by = edits.call_by or None
        made.pop("call_by", None)
        if edits.call_by:
            made["call_by"] = signed
    contact.by_hand = {**made, **({"was": was} if was else {})} if made else None
    session.flush()
    session.refresh(contact)
