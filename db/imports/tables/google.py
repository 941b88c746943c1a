"""Google Contacts' CSV export, with the header names before and since 2024."""

from collections.abc import Iterator
from functools import partial
from typing import Final

from db.imports.calendars.words import EventKind, find_kind, says_death
from db.imports.days.birth_dates import ReadBirthday, read_birthday
from db.imports.entries import AnyEntry, Person, ReadContext
from db.imports.tables.birthday_columns import BirthdayColumns
from db.imports.tables.cells import find_emails, split_urls
from db.imports.tables.csv_table import Row, read_table
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


def read_google_csv(lines: Lines, context: ReadContext) -> Iterator[AnyEntry]:
    """Read the export. It does not say whether a person is a connection."""
    birthdays = BirthdayColumns(lines, is_header, context, ("birthday",))
    to_person = partial(_to_person, birthdays=birthdays, context=context)
    return read_table(lines, is_header, to_person, "Google's Name, Birthday, E-mail 1 - Value", context)


def _to_person(row: Row, *, birthdays: BirthdayColumns, context: ReadContext) -> Person:
    whole = [" ".join(filter(None, [row[column] for column in columns])) for columns in _NAME_PARTS]
    events = list(_list_events(row))
    groups = f"{row.peek('labels')} ::: {row.peek('group membership')}".split(" ::: ")
    born = birthdays.read(row)
    if born == ReadBirthday():
        more = (read_birthday(value, context) for kind, value in events if kind is EventKind.BIRTHDAY)
        born = next(more, born)
    return Person(
        name=row["name"] or next(filter(None, whole), ""),
        urls=tuple(split_urls([*row.every("website - value"), *row.find_addresses()])),
        emails=tuple(find_emails(row.every("e-mail - value"))),
        birthday=born.birthday,
        company=row.first("organization name", "organization 1 - name"),
        position=row.first("organization title", "organization 1 - title"),
        possible_birthdays=born.possible,
        lost=born.lost,
        died=any(kind is EventKind.DEATH for kind, _ in events) or any(map(says_death, groups)),
    )


def _list_events(row: Row) -> Iterator[tuple[EventKind, str]]:
    """Yield birthdays and days of death among the numbered events. The older export says type for label."""
    for number in _NUMBERS:
        label = row.peek(f"event {number} - label") or row.peek(f"event {number} - type")
        kind = find_kind(label) if label else None
        if kind in {EventKind.BIRTHDAY, EventKind.DEATH} and (value := row[f"event {number} - value"]):
            yield kind, value
