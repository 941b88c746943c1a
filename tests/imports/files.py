"""Helpers of the import tests: write, read and import files."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.imports.entries import AnyEntry, Connection, Entry, Person, ReadContext, RefusedEntry
from db.imports.formats import FORMATS
from db.imports.merge import import_file, inspect_file
from db.imports.report import ImportReport
from db.imports.text_file import Lines, detect_encoding
from db.store.people.accounts import AccountRecord
from db.tables import Contact
from tests.builders import contact_by_slug
from worker.rules.model import ImportSource

TODAY = date(2026, 11, 24)
PARIS = ZoneInfo("Europe/Paris")

LINKEDIN = """Notes:
"When exporting your connection data, you may notice that some of the email addresses are missing. You will
only see email addresses for connections who have allowed it. You can learn more here https://www.linkedin.com/help"

First Name,Last Name,URL,Email Address,Company,Position,Connected On
"""


def write_file(folder: Path, content: str | bytes, name: str = "people.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def plain_table(*rows: str) -> str:
    return "name,profile_url,email,birthday,company,connected_on\n" + "".join(f"{row}\n" for row in rows)


def read_entries(
    path: Path, source: ImportSource, encoding: str | None = None, context: ReadContext | None = None
) -> list[AnyEntry]:
    found = FORMATS[source].read(
        Lines(path, detect_encoding(path, encoding)), context or ReadContext(TODAY, PARIS)
    )
    return [Entry(entry.line, entry.person) if isinstance(entry, Connection) else entry for entry in found]


def read_people(path: Path, source: ImportSource) -> list[Person]:
    """Read the people of a file in which nothing is refused."""
    found = read_entries(path, source)
    assert not [entry for entry in found if isinstance(entry, RefusedEntry)]
    return [entry.person for entry in found if isinstance(entry, Entry)]


def import_path(
    session: Session, account: AccountRecord, path: Path, *, source: ImportSource | None = None
) -> ImportReport:
    return import_file(
        session, account, inspect_file(path, source=source), by="tests", today=TODAY, progress=lambda _: None
    )


def reload_contact(session: Session, account: AccountRecord, slug: str) -> Contact:
    session.expire_all()
    return contact_by_slug(session, account, slug)


def contacts_now(session: Session) -> list[Mapping[str, Any]]:
    """All rows of the contacts table."""
    return read_rows(session, "contacts")


def read_rows(session: Session, table: str) -> list[Mapping[str, Any]]:
    session.flush()
    found = session.execute(text(f"select to_jsonb(t) from {table} t order by id"))
    return list(found.scalars())
