"""A plain CSV that somebody wrote: a header with names that docs/importing.md lists."""

from collections.abc import Iterator
from datetime import date
from functools import partial
from typing import Final

from db.imports.dates import birth_date, day
from db.imports.people import Entry, Person, Refused, UnreadableError
from db.imports.source import Lines
from db.imports.tables import Row, read_table

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
    """Tell whether these name people, and something to know them by or to add."""
    return bool({*NAME, *FIRST, *LAST} & columns) and bool({*URL, *EMAIL, *BIRTHDAY} & columns)


def read(lines: Lines, today: date) -> Iterator[Entry | Refused]:
    """Read the table. Whoever has a date of connection is a connection."""
    wanted = "one with name (or first_name, last_name) and at least one of profile_url, email, birthday"
    return read_table(lines, is_header, partial(_person, today=today), wanted)


def _person(row: Row, *, today: date) -> Person:
    url, email = row.first(*URL), row.first(*EMAIL)
    connected = row.first(*CONNECTED_ON)
    connected_on = day(connected)
    if connected and connected_on is None:
        raise UnreadableError(
            f"connected on {connected[:40]!r} is no date from 1900 to 2200: write it as 2026-11-21"
        )
    return Person(
        name=row.first(*NAME) or f"{row.first(*FIRST)} {row.first(*LAST)}",
        urls=(url,) if url else (),
        emails=(email,) if email else (),
        birthday=birth_date(row.first(*BIRTHDAY), today),
        connected_on=connected_on,
        connected=connected_on is not None,
        company=row.first(*COMPANY),
        position=row.first(*POSITION),
        language=row.first(*LANGUAGE),
    )
