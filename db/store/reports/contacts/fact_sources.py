"""Where each fact about a contact comes from: a person, a file, or a page of the site."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.tables import Contact, Import, ImportChange, StoredProfile
from worker.rules.model import ImportSource


class SourceKind(StrEnum):
    """Who or what said it."""

    HAND = "hand"
    FILE = "file"
    PAGE = "page"


@dataclass(frozen=True, slots=True)
class FactSource:
    """The source of one fact. `name` is the person or the file; `at` is None where it isn't recorded."""

    kind: SourceKind
    name: str = ""
    at: datetime | None = None


_COLUMNS: Final[Mapping[str, str]] = {
    "name": "full_name",
    "email": "email",
    "language": "language",
    "birthday": "birth_month",
    "connected_on": "connected_on",
    "work": "profile",
}
"""The facts, and the column by which an import that changed one is recognised."""
_SIGNED: Final = {"birthday": "birthday", "language": "language_by", "call_by": "call_by"}
"""Where contacts.by_hand holds who set a fact."""
_NO_BIRTHDAYS: Final = frozenset({ImportSource.LINKEDIN})
"""Formats that hold no birthdays."""


@dataclass(frozen=True, slots=True)
class _Brought:
    """One import that brought or changed the contact, and the columns it changed; None: it brought it."""

    source: FactSource
    format: ImportSource
    changed: frozenset[str] | None


def find_fact_sources(session: Session, contact_id: int) -> Mapping[str, FactSource]:
    """Return the source of each known fact of a contact, by its name in _COLUMNS, and of `call_by`.

    What a page of the site showed since an import isn't recorded, so of those two the import is named.
    """
    contact = session.scalars(select(Contact).where(Contact.id == contact_id)).one()
    read_at = session.scalar(select(StoredProfile.read_at).where(StoredProfile.contact_id == contact_id))
    brought = _list_imports(session, contact)
    found = dict(_list_signed(contact.by_hand or {}))
    for fact, column in _COLUMNS.items():
        if fact not in found and getattr(contact, column):
            from_file = next((each.source for each in brought if _holds(each, fact, column)), None)
            found[fact] = from_file or FactSource(SourceKind.PAGE)
    if read_at is not None:  # reading a profile replaces both
        found["work"] = FactSource(SourceKind.PAGE, at=read_at)
        found["name"] = FactSource(SourceKind.PAGE, at=read_at)
    return found


def _list_signed(by_hand: Mapping[str, Any]) -> Iterator[tuple[str, FactSource]]:
    for fact, key in _SIGNED.items():
        if signed := by_hand.get(key):
            yield fact, FactSource(SourceKind.HAND, signed["by"], datetime.fromisoformat(signed["at"]))


def _list_imports(session: Session, contact: Contact) -> Sequence[_Brought]:
    """Return the imports that changed the contact, newest first, and then the one that brought it."""
    changes = session.execute(
        select(Import, ImportChange.before)
        .join(ImportChange, ImportChange.import_id == Import.id)
        .where(ImportChange.contact_id == contact.id, Import.undone_at.is_(None))
        .order_by(Import.id.desc())
    ).all()
    first = session.scalars(select(Import).where(Import.id == contact.import_id)).all()
    return [
        *(_Brought(_name_file(row), ImportSource(row.source), frozenset(before)) for row, before in changes),
        *(_Brought(_name_file(row), ImportSource(row.source), None) for row in first),
    ]


def _name_file(row: Import) -> FactSource:
    return FactSource(SourceKind.FILE, row.file_name, row.started_at)


def _holds(brought: _Brought, fact: str, column: str) -> bool:
    if brought.changed is not None:
        return column in brought.changed
    return not (fact == "birthday" and brought.format in _NO_BIRTHDAYS)
