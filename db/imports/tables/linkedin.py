"""LinkedIn's data export, Connections.csv. Everybody in it is a connection."""

from collections.abc import Iterator
from dataclasses import replace
from operator import itemgetter
from typing import Final

from db.imports.days.dates import parse_date
from db.imports.entries import AnyEntry, Connection, Entry, ReadContext
from db.imports.tables.csv_table import Header, ToEntry, read_entries
from db.imports.text_file import Lines
from worker.rules.texts.csv_cells import unescape_formula

_COLUMNS: Final = (
    "first name", "last name", "url", "email address", "connected on", "company", "position",
)  # fmt: skip


def is_header(columns: frozenset[str]) -> bool:
    """Return whether these are the columns of Connections.csv."""
    return {"first name", "last name", "connected on"} <= columns


def read_linkedin_csv(lines: Lines, context: ReadContext) -> Iterator[AnyEntry]:
    """Read the export, which has no birthdays. A connection date in an unknown form is left out."""
    return read_entries(lines, is_header, _read_rows, "First Name, Last Name, URL, …, Connected On", context)


def _read_rows(header: Header) -> ToEntry:
    """Return what reads a row. A column that is missing is empty."""
    header.used.update(header.columns[column] for column in _COLUMNS if column in header.columns)
    pick = itemgetter(*(header.columns.get(column, header.width) for column in _COLUMNS))

    def to_entry(line: int, cells: list[str]) -> AnyEntry:
        first, last, url, email, connected, company, position = [
            text if (text := cell.strip())[:1] != "'" else unescape_formula(text)
            for cell in pick([*cells, ""])
        ]
        connected_on = parse_date(connected)
        connection = Connection(line, f"{first} {last}", url, email, connected_on, company, position)
        if connected_on is None and connected:
            lost = f"connected on {connected[:40]!r} was left out: it isn't a date from 1900 to 2200"
            return Entry(line, replace(connection.person, lost=(lost,)))
        return connection

    return to_entry
