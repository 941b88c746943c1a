"""LinkedIn's data export, Connections.csv. Everybody in it is a connection."""

from collections.abc import Iterator
from datetime import date

from db.imports.csv_table import Row, read_table
from db.imports.dates import parse_date
from db.imports.entries import Entry, Person, RefusedEntry
from db.imports.text_file import Lines


def is_header(columns: frozenset[str]) -> bool:
    """Return whether these are the columns of Connections.csv."""
    return {"first name", "last name", "connected on"} <= columns


def read_linkedin_csv(lines: Lines, today: date) -> Iterator[Entry | RefusedEntry]:
    """Read the export, which has no birthdays. A connection date in an unknown form is left out."""
    del today
    return read_table(lines, is_header, _to_person, "First Name, Last Name, URL, …, Connected On")


def _to_person(row: Row) -> Person:
    email = row["email address"]
    return Person(
        name=f"{row['first name']} {row['last name']}",
        urls=(row["url"],),
        emails=(email,) if email else (),
        connected_on=parse_date(row["connected on"]),
        connected=True,
        company=row["company"],
        position=row["position"],
    )
