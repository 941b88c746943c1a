"""LinkedIn's data export, Connections.csv. Everybody in it is a connection."""

from collections.abc import Iterator

from db.imports.days.dates import parse_date
from db.imports.entries import Entry, Person, ReadContext, RefusedEntry
from db.imports.tables.csv_table import Row, read_table
from db.imports.text_file import Lines


def is_header(columns: frozenset[str]) -> bool:
    """Return whether these are the columns of Connections.csv."""
    return {"first name", "last name", "connected on"} <= columns


def read_linkedin_csv(lines: Lines, context: ReadContext) -> Iterator[Entry | RefusedEntry]:
    """Read the export, which has no birthdays. A connection date in an unknown form is left out."""
    return read_table(lines, is_header, _to_person, "First Name, Last Name, URL, …, Connected On", context)


def _to_person(row: Row) -> Person:
    email = row["email address"]
    connected = row["connected on"]
    connected_on = parse_date(connected)
    lost = connected and connected_on is None
    return Person(
        name=f"{row['first name']} {row['last name']}",
        urls=(row["url"],),
        emails=(email,) if email else (),
        connected_on=connected_on,
        connected=True,
        company=row["company"],
        position=row["position"],
        lost=(f"connected on {connected[:40]!r} was left out: it isn't a date from 1900 to 2200",)
        if lost
        else (),
    )
