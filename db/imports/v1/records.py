"""What V1's rows say, once they are read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Generic, TypeAlias, TypeVar

from worker.rules.model import ContactStatus

T = TypeVar("T")

ProfileJson: TypeAlias = Mapping[str, str | int | Sequence[str]]
"""What contacts.profile holds: plain JSON."""


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that can't come over, and why, in words for a person."""

    why: str


@dataclass(frozen=True, slots=True)
class ParsedRow(Generic[T]):
    """One row of a table. `number` is V1's id where it had one, else the row's place, the first is 1."""

    number: int
    told: T | RefusedRow


@dataclass(frozen=True, slots=True)
class PersonRef:
    """A person as a row names them: by normalised profile address, by name, or both, or neither."""

    address: str | None
    name: str | None


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an address. `full_name` is empty where V1 knew none."""

    address: str
    full_name: str
    status: ContactStatus
    score: int | None
    profile: ProfileJson
    last_written: date | None


@dataclass(frozen=True, slots=True)
class Greeting:
    """A message that V1 sent. `on` is the birthday's date; both dates are None where V1's is unreadable."""

    key: str
    whom: PersonRef
    sent_at: datetime | None
    on: date | None
    message: str
    replied_at: datetime | None


@dataclass(frozen=True, slots=True)
class Visit:
    """A profile that V1 opened."""

    key: str
    whom: PersonRef
    visited_at: datetime


@dataclass(frozen=True, slots=True)
class BlockedPerson:
    """Somebody whom V1 was told to leave alone: by address, else everybody of that name."""

    whom: PersonRef
    note: str


@dataclass(frozen=True, slots=True)
class SelectorNote:
    """Where V1 found something on a page."""

    name: str
    selector: str
    page: str


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """The whole file, read: as many lines as rows, table by table. `left` are tables that don't come over."""

    file: str
    tables: frozenset[str]
    contacts: Sequence[ParsedRow[Person]]
    scraped_profiles: Sequence[ParsedRow[Person]]
    birthday_messages: Sequence[ParsedRow[Greeting]]
    profile_visits: Sequence[ParsedRow[Visit]]
    blacklist: Sequence[ParsedRow[BlockedPerson]]
    linkedin_selectors: Sequence[ParsedRow[SelectorNote]]
    left: Mapping[str, int]
