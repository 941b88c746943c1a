"""What tests import: files in a folder of the test's own, and how they are read and merged."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.imports.formats import READERS
from db.imports.merge import bring_in, look_at
from db.imports.people import Entry, Person, Refused
from db.imports.report import Report
from db.imports.source import Lines, encoding_of
from db.store.people.accounts import AccountRecord
from worker.rules.model import ImportSource

TODAY = date(2026, 11, 24)

LINKEDIN = """Notes:
"When exporting your connection data, you may notice that some of the email addresses are missing. You will
only see email addresses for connections who have allowed it. You can learn more here https://www.linkedin.com/help"

First Name,Last Name,URL,Email Address,Company,Position,Connected On
"""


def a_file(folder: Path, content: str | bytes, name: str = "people.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def entries(path: Path, source: ImportSource, encoding: str | None = None) -> list[Entry | Refused]:
    return list(READERS[source](Lines(path, encoding_of(path, encoding)), TODAY))


def people(path: Path, source: ImportSource) -> list[Person]:
    """Everybody in a file that has nothing to refuse."""
    found = entries(path, source)
    assert not [entry for entry in found if isinstance(entry, Refused)]
    return [entry.person for entry in found if isinstance(entry, Entry)]


def brought_in(
    session: Session, account: AccountRecord, path: Path, *, source: ImportSource | None = None
) -> Report:
    return bring_in(
        session, account, look_at(path, source=source), by="tests", today=TODAY, progress=lambda _: None
    )


def contacts_now(session: Session) -> list[Mapping[str, Any]]:
    """The whole table, as it is."""
    return rows_of(session, "contacts")


def rows_of(session: Session, table: str) -> list[Mapping[str, Any]]:
    session.flush()
    found = session.execute(text(f"select to_jsonb(t) from {table} t order by id"))
    return list(found.scalars())
