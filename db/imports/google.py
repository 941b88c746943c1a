"""Google Contacts' CSV export, with the header names before and since 2024."""

from collections.abc import Iterator
from datetime import date
from functools import partial
from typing import Final

from db.imports.csv_table import Row, read_table
from db.imports.dates import parse_birth_date
from db.imports.entries import Entry, Person, RefusedEntry
from db.imports.text_file import Lines

_NAME_PARTS: Final = (
    ("name prefix", "first name", "middle name", "last name", "name suffix"),
    ("name prefix", "given name", "additional name", "family name", "name suffix"),
)
_NUMBERS: Final = range(1, 10)
_GOOGLE_ONLY_COLUMNS: Final = frozenset(
    {"group membership", "labels", "yomi name", "phonetic first name", "file as"}
)


def is_header(columns: frozenset[str]) -> bool:
    """Return whether these are columns of Google Contacts."""
    return "e-mail 1 - value" in columns or ("birthday" in columns and bool(_GOOGLE_ONLY_COLUMNS & columns))


def read_google_csv(lines: Lines, today: date) -> Iterator[Entry | RefusedEntry]:
    """Read the export. It does not say whether a person is a connection."""
    return read_table(
        lines, is_header, partial(_to_person, today=today), "Google's Name, Birthday, E-mail 1 - Value"
    )


def _to_person(row: Row, *, today: date) -> Person:
    whole = (" ".join(filter(None, (row[column] for column in columns))) for columns in _NAME_PARTS)
    return Person(
        name=row["name"] or next(filter(None, whole), ""),
        urls=_numbered_values(row, "website"),
        emails=_numbered_values(row, "e-mail"),
        birthday=parse_birth_date(row["birthday"], today),
        company=row.first("organization name", "organization 1 - name"),
        position=row.first("organization title", "organization 1 - title"),
    )


def _numbered_values(row: Row, noun: str) -> tuple[str, ...]:
    """Return all values of a numbered column; the older export joins several in one cell by `:::`."""
    cells = (row[f"{noun} {number} - value"] for number in _NUMBERS)
    return tuple(value.strip() for cell in cells if cell for value in cell.split(":::"))
