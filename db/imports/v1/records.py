"""The records that V1's rows are parsed into."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Generic, TypeAlias, TypeVar

from worker.rules.model import ContactStatus

T = TypeVar("T")

ProfileJson: TypeAlias = Mapping[str, str | int | Sequence[str]]
"""JSON for contacts.profile."""


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that can't be imported; `why` is a text for a person."""

    why: str


@dataclass(frozen=True, slots=True)
class ParsedRow(Generic[T]):
    """One row of a table. `number` is V1's id, else the position from 1."""

    number: int
    record: T | RefusedRow


@dataclass(frozen=True, slots=True)
class PersonRef:
    """The person that a row refers to, by normalised profile address, by name, both or neither."""

    address: str | None
    name: str | None


@dataclass(frozen=True, slots=True)
class Person:
    """A person with an address. `full_name` may be empty."""

    address: str
    full_name: str
    status: ContactStatus
    score: int | None
    profile: ProfileJson
    last_written: date | None


@dataclass(frozen=True, slots=True)
class Greeting:
    """A message that V1 sent. `on` is the birthday. Both dates are None if V1's date is unreadable."""

    key: str
    person: PersonRef
    sent_at: datetime | None
    on: date | None
    message: str
    replied_at: datetime | None


@dataclass(frozen=True, slots=True)
class Visit:
    """A profile that V1 opened."""

    key: str
    person: PersonRef
    visited_at: datetime


@dataclass(frozen=True, slots=True)
class BlockedPerson:
    """An entry of V1's blacklist: a person by address, else everybody with the name."""

    person: PersonRef
    note: str


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """The parsed file, one ParsedRow for each row. `other_tables` counts the rows of tables not imported."""

    file: str
    tables: frozenset[str]
    contacts: Sequence[ParsedRow[Person]]
    scraped_profiles: Sequence[ParsedRow[Person]]
    birthday_messages: Sequence[ParsedRow[Greeting]]
    profile_visits: Sequence[ParsedRow[Visit]]
    blacklist: Sequence[ParsedRow[BlockedPerson]]
    other_tables: Mapping[str, int]
