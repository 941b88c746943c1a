"""The entries of an import file, and the protocol of the readers."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from db.imports.text_file import Lines


class UnreadableEntryError(Exception):
    """An entry of a file can't be used. The text says why, for a person."""


@dataclass(frozen=True, slots=True)
class BirthDate:
    """A birthday that exists in the calendar. The year is often unknown."""

    month: int
    day: int
    year: int | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """One person as the file describes them. Unknown values are empty.

    `urls` may hold any web address; the account's site decides which of them is a profile. `connected`: the
    file says that this person is a connection.
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
    """A person, and the line where the entry begins, counted from 1."""

    line: int
    person: Person


@dataclass(frozen=True, slots=True)
class RefusedEntry:
    """An entry that can't be used: the line where it begins, and why."""

    line: int
    reason: str


class Reader(Protocol):
    """Reads one format with one entry in memory at a time.

    A bad entry is yielded as RefusedEntry, and reading continues. Raises RequestRefusedError only for a file
    that is not of this format at all. `today` is the latest possible birthday.
    """

    def __call__(self, lines: Lines, today: date) -> Iterator[Entry | RefusedEntry]:
        """Yield the entries in the order of the file."""
        ...
