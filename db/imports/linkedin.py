"""LinkedIn's own data export: Connections.csv. Whoever is in it is a connection."""

from collections.abc import Iterator
from datetime import date

from db.imports.dates import day
from db.imports.people import Entry, Person, Refused
from db.imports.source import Lines
from db.imports.tables import Row, read_table


def is_header(columns: frozenset[str]) -> bool:
    """Tell whether these are the columns of Connections.csv."""
    return {"first name", "last name", "connected on"} <= columns


def read(lines: Lines, today: date) -> Iterator[Entry | Refused]:
    """Read the export; it has no birthdays. A date of connection in a form that is not known is left out."""
    del today
    return read_table(lines, is_header, _person, "First Name, Last Name, URL, …, Connected On")


def _person(row: Row) -> Person:
    email = row["email address"]
    return Person(
        name=f"{row['first name']} {row['last name']}",
        urls=(row["url"],),
        emails=(email,) if email else (),
        connected_on=day(row["connected on"]),
        connected=True,
        company=row["company"],
        position=row["position"],
    )
