"""A CSV file of a user's own, or of a program without a reader of its own, by the titles in columns.toml."""

from collections.abc import Iterator
from functools import partial
from typing import Final

from db.imports.days.dates import parse_date
from db.imports.entries import AnyEntry, Person, ReadContext
from db.imports.tables.birthday_columns import BirthdayColumns, has_died
from db.imports.tables.cells import find_emails, split_urls
from db.imports.tables.columns import COLUMNS
from db.imports.tables.csv_table import Row, read_table, strip_numbers
from db.imports.text_file import Lines

_NAMES: Final = frozenset({*COLUMNS["name"], *COLUMNS["first"], *COLUMNS["last"]})
_OTHERS: Final = frozenset(
    title for field in ("url", "member", "email", "birthday", "birth_day") for title in COLUMNS[field]
)


def is_header(columns: frozenset[str]) -> bool:
    """Return whether there is a name column, and one of address, e-mail and birthday."""
    return bool(_NAMES & columns) and bool(_OTHERS & {strip_numbers(column) for column in columns})


def read_plain_csv(lines: Lines, context: ReadContext) -> Iterator[AnyEntry]:
    """Read the table. A person with a connection date is a connection."""
    wanted = (
        "one with name (or first_name, last_name) and at least one of profile_url, member_id, email, birthday"
    )
    birthdays = BirthdayColumns(lines, is_header, context)
    return read_table(lines, is_header, partial(_to_person, birthdays=birthdays), wanted, context)


def _to_person(row: Row, *, birthdays: BirthdayColumns) -> Person:
    parts = (row.first(*COLUMNS[part]) for part in ("first", "middle", "last"))
    whole = " ".join(filter(None, parts))
    born = birthdays.read(row)
    connected = row.first(*COLUMNS["connected_on"])
    connected_on = parse_date(connected)
    lost = born.lost
    if connected and connected_on is None:
        lost += (f"connected on {connected[:40]!r} was left out: it isn't a date from 1900 to 2200",)
    return Person(
        name=row.first(*COLUMNS["name"]) or whole,
        urls=tuple(split_urls([*row.every(*COLUMNS["url"]), *row.find_addresses()])),
        emails=tuple(find_emails(row.every(*COLUMNS["email"]))),
        birthday=born.birthday,
        connected_on=connected_on,
        connected=connected_on is not None,
        company=row.first(*COLUMNS["company"]),
        position=row.first(*_position_columns(row)),
        language=row.first(*COLUMNS["language"]),
        possible_birthdays=born.possible,
        lost=lost,
        died=has_died(row),
    )


def _position_columns(row: Row) -> tuple[str, ...]:
    """Return the columns of a position. Beside `job title`, Outlook's `title` is a form of address."""
    columns = COLUMNS["position"]
    return ("job title",) if "job title" in row.header.columns else columns
