"""The entries of an import file, and the protocol of the readers."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

from db.imports.text_file import Lines


class UnreadableEntryError(Exception):
    """An entry of a file can't be used. The text says why, for a person."""


class SkippedEntryError(Exception):
    """An entry of a file is no person with a birthday, as its program says. The text says what it is."""


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
    file says that this person is a connection. `possible_birthdays` are the days among which a person has to
    choose; `lost` says why a value, such as a birthday, was left out. `died`: never to be contacted.
    `other_names` are further readings of a title, and `name_is_vague` says that none of them is certain: they
    match a known contact, but don't make a new one.
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
    possible_birthdays: tuple[BirthDate, ...] = ()
    lost: tuple[str, ...] = ()
    died: bool = False
    other_names: tuple[str, ...] = ()
    name_is_vague: bool = False


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


@dataclass(frozen=True, slots=True)
class SkippedEntry:
    """An entry that is rightly skipped, such as a wedding or a group: the line, and what it is."""

    line: int
    reason: str


class Connection(NamedTuple):
    """An entry of a site's own export, which has little. A named tuple, since a file may have a million.

    Unknown texts are empty, and all are stripped.
    """

    line: int
    name: str
    url: str
    email: str
    connected_on: date | None
    company: str
    position: str

    @property
    def person(self) -> Person:
        """The connection as a person."""
        return Person(
            name=self.name,
            urls=(self.url,),
            emails=(self.email,) if self.email else (),
            connected_on=self.connected_on,
            connected=True,
            company=self.company,
            position=self.position,
        )


AnyEntry = Entry | Connection | RefusedEntry | SkippedEntry


@dataclass(frozen=True, slots=True)
class ReadContext:
    """What a reader knows besides the file, and what it notes.

    `today` is the latest possible birthday, `zone` the account's. `unused` counts the values of each column
    or property that was not used.
    """

    today: date
    zone: ZoneInfo
    unused: Counter[str] = field(default_factory=Counter)


class Reader(Protocol):
    """Reads one format with one entry in memory at a time.

    A bad entry is yielded as RefusedEntry, and reading continues. Raises RequestRefusedError only for a file
    that is not of this format at all.
    """

    def __call__(self, lines: Lines, context: ReadContext) -> Iterator[AnyEntry]:
        """Yield the entries in the order of the file."""
        ...
