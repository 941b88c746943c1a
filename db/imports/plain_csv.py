"""A user's own CSV file, with the header names that docs/importing.md lists."""

from collections.abc import Iterator
from datetime import date
from functools import partial
from typing import Final

from db.imports.csv_table import Row, read_table
from db.imports.dates import parse_birth_date, parse_date
from db.imports.entries import Entry, Person, RefusedEntry, UnreadableEntryError
from db.imports.text_file import Lines

NAME: Final = ("name", "full name", "display name")
FIRST: Final = ("first name", "given name", "firstname")
LAST: Final = ("last name", "family name", "surname", "lastname")
URL: Final = ("profile url", "profile", "url", "linkedin", "linkedin url")
EMAIL: Final = ("email", "e-mail", "email address", "e-mail address", "mail")
BIRTHDAY: Final = ("birthday", "birth date", "birthdate", "date of birth", "bday", "dob")
CONNECTED_ON: Final = ("connected on", "connected")
COMPANY: Final = ("company", "organization", "organisation")
POSITION: Final = ("position", "title", "job title")
LANGUAGE: Final = ("language", "lang")


def is_header(columns: frozenset[str]) -> bool:
    """Return whether there is a name column, and one of address, e-mail and birthday."""
    return bool({*NAME, *FIRST, *LAST} & columns) and bool({*URL, *EMAIL, *BIRTHDAY} & columns)


def read_plain_csv(lines: Lines, today: date) -> Iterator[Entry | RefusedEntry]:
    """Read the table. A person with a connection date is a connection."""
    wanted = "one with name (or first_name, last_name) and at least one of profile_url, email, birthday"
    return read_table(lines, is_header, partial(_to_person, today=today), wanted)


def _to_person(row: Row, *, today: date) -> Person:
    url, email = row.first(*URL), row.first(*EMAIL)
    connected = row.first(*CONNECTED_ON)
    connected_on = parse_date(connected)
    if connected and connected_on is None:
        raise UnreadableEntryError(
            f"connected on {connected[:40]!r} isn't a date from 1900 to 2200: write it as 2026-11-21"
        )
    return Person(
        name=row.first(*NAME) or f"{row.first(*FIRST)} {row.first(*LAST)}",
        urls=(url,) if url else (),
        emails=(email,) if email else (),
        birthday=parse_birth_date(row.first(*BIRTHDAY), today),
        connected_on=connected_on,
        connected=connected_on is not None,
        company=row.first(*COMPANY),
        position=row.first(*POSITION),
        language=row.first(*LANGUAGE),
    )
