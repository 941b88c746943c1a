"""Google Contacts' CSV, with its headers of before and after 2024."""

from collections.abc import Iterator
from datetime import date
from functools import partial
from typing import Final

from db.imports.dates import birth_date
from db.imports.people import Entry, Person, Refused
from db.imports.source import Lines
from db.imports.tables import Row, read_table

_NAMES: Final = (
    ("name prefix", "first name", "middle name", "last name", "name suffix"),
    ("name prefix", "given name", "additional name", "family name", "name suffix"),
)
_SEVERAL: Final = range(1, 10)
_TOLD_BY: Final = frozenset({"group membership", "labels", "yomi name", "phonetic first name", "file as"})


def is_header(columns: frozenset[str]) -> bool:
    """Tell whether these are columns of Google Contacts."""
    return "e-mail 1 - value" in columns or ("birthday" in columns and bool(_TOLD_BY & columns))


def read(lines: Lines, today: date) -> Iterator[Entry | Refused]:
    """Read the export. It knows people, not connections."""
    return read_table(
        lines, is_header, partial(_person, today=today), "Google's Name, Birthday, E-mail 1 - Value"
    )


def _person(row: Row, *, today: date) -> Person:
    whole = (" ".join(filter(None, (row[column] for column in columns))) for columns in _NAMES)
    return Person(
        name=row["name"] or next(filter(None, whole), ""),
        urls=_values(row, "website"),
        emails=_values(row, "e-mail"),
        birthday=birth_date(row["birthday"], today),
        company=row.first("organization name", "organization 1 - name"),
        position=row.first("organization title", "organization 1 - title"),
    )


def _values(row: Row, noun: str) -> tuple[str, ...]:
    """Return all values of a numbered column; the older form puts several into one cell."""
    cells = (row[f"{noun} {number} - value"] for number in _SEVERAL)
    return tuple(value.strip() for cell in cells if cell for value in cell.split(":::"))
