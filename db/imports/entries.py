"""What a file says of a person, and what every reader promises."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from db.imports.text_file import Lines


class UnreadableEntryError(Exception):
    """An entry of a file can't be used. The text says why, for a person."""


@dataclass(frozen=True, slots=True)
class BirthDate:
    """A birthday as a file has it; it exists in the calendar. The year is often unknown."""

    month: int
    day: int
    year: int | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """What one entry says of one person, as it is written there. Nothing known is an empty value.

    `urls` may hold any web address; which of them is a profile is decided by the account's site. `connected`:
    the file itself says that this person is a connection.
    """

    name: str
    urls: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    birthday: BirthDate | None = None
    connected_on: date | None = None
    connected: bool = False
    company: str = ""
    position: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A person, and the line of the file where the entry begins; the first is 1."""

    line: int
    person: Person


@dataclass(frozen=True, slots=True)
class RefusedEntry:
    """An entry that can't be used, where it begins, and why."""

    line: int
    reason: str


class Reader(Protocol):
    """Reads one format, entry by entry, holding no more than one of them.

    A bad entry is Refused and the next one is read. RequestRefusedError only for a file that is not of this
    format at all. `today` bounds birthdays: nobody is born later.
    """

    def __call__(self, lines: Lines, today: date) -> Iterator[Entry | RefusedEntry]:
        """Return the entries in the order of the file."""
        ...
