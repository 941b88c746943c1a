"""Parses V1's rows into records, or refuses them with a reason. Pure."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from db.imports.v1 import cell_values
from db.imports.v1.file import Cell, Row, V1File
from db.imports.v1.profiles import parse_profile, parse_status
from db.imports.v1.records import (
    BlockedPerson,
    Greeting,
    ParsedFile,
    ParsedRow,
    Person,
    PersonRef,
    RefusedRow,
    Visit,
)
from worker.errors import RequestRefusedError
from worker.rules.model import ContactStatus
from worker.rules.people.addresses import PROFILE_ORIGINS, normalise_profile_url
from worker.rules.texts.bounds import MAX_TEXT, cut_text

T = TypeVar("T")

NO_ADDRESS: Final = "it has no profile address"
NO_PERSON: Final = "it has no name"
NO_DATE: Final = "it has no readable date"
DUPLICATE: Final = "it occurs twice in the file"

_NO_REF: Final = PersonRef(None, None)
_LONGEST_DELAY_DAYS: Final = 365
_ADDRESS_COLUMNS: Final = (
    ("contacts", "linkedin_url"),
    ("scraped_profiles", "profile_url"),
    ("profile_visits", "profile_url"),
    ("blacklist", "linkedin_url"),
)


@dataclass(frozen=True, slots=True)
class V1Context:
    """What V1's rows don't say: the site of the addresses, the zone of the times, and the latest instant."""

    site: str
    zone: ZoneInfo
    now: datetime

    def address(self, cell: Cell) -> str | None:
        """Return the normalised address, or None. V1 also stored links without the host."""
        given = cell_values.parse_text(cell) or ""
        return normalise_profile_url(
            f"{PROFILE_ORIGINS[self.site]}{given}" if given.startswith("/in/") else given, self.site
        )

    def instant(self, cell: Cell) -> datetime | None:
        """Return the instant in a cell, or None."""
        return cell_values.parse_instant(cell, self.zone, self.now)


def parse_file(file: V1File, context: V1Context) -> ParsedFile:
    """Parse every row of the file.

    Raises RequestRefusedError if the file has addresses, but none of the account's site.
    """
    _require_site_addresses(file, context)
    known = {
        _parse_id(row.get("id")): _parse_person_ref(row, "name", "linkedin_url", context)
        for row in file.tables.get("contacts", ())
    }

    def parse_table(table: str, parse: Callable[[Row, V1Context], T | RefusedRow]) -> list[ParsedRow[T]]:
        return [
            ParsedRow(_row_number(row, place), parse(row, context))
            for place, row in enumerate(file.tables.get(table, ()), 1)
        ]

    return ParsedFile(
        file=file.name,
        tables=frozenset(file.tables),
        contacts=parse_table("contacts", _parse_contact),
        scraped_profiles=parse_table("scraped_profiles", _parse_scraped_profile),
        birthday_messages=_refuse_duplicates(
            parse_table(
                "birthday_messages", lambda row, _: _parse_greeting(row, context, _find_contact(row, known))
            )
        ),
        profile_visits=_refuse_duplicates(parse_table("profile_visits", _parse_visit)),
        blacklist=parse_table("blacklist", _parse_blocked),
        other_tables=file.other_tables,
    )


def _require_site_addresses(file: V1File, context: V1Context) -> None:
    if context.site not in PROFILE_ORIGINS:
        raise RequestRefusedError(
            f"the addresses of the site {context.site!r} are unknown, so V1's people can't be matched"
        )
    given = [
        row.get(column)
        for table, column in _ADDRESS_COLUMNS
        for row in file.tables.get(table, ())
        if cell_values.parse_text(row.get(column))
    ]
    if given and not any(context.address(cell) for cell in given):
        raise RequestRefusedError(
            f"none of the {len(given)} addresses in {file.name} is one of the site {context.site!r}: V1 knew "
            "people of linkedin, so give an account of that site (`rapport account add NAME --site linkedin`)"
        )


def _row_number(row: Row, place: int) -> int:
    row_id = row.get("id")
    return row_id if isinstance(row_id, int) else place


def _parse_id(cell: Cell) -> int | None:
    return cell_values.parse_whole_number(cell, 0, 2**53)


def _parse_person_ref(row: Row, name: str, address: str, context: V1Context) -> PersonRef:
    return PersonRef(context.address(row.get(address)), cell_values.parse_name(row.get(name)))


def _parse_contact(row: Row, context: V1Context) -> Person | RefusedRow:
    person = _parse_person_ref(row, "name", "linkedin_url", context)
    if person.address is None:
        return RefusedRow(NO_ADDRESS)
    notes = cell_values.parse_text(row.get("notes"))
    written = context.instant(row.get("last_message_date"))
    return Person(
        address=person.address,
        full_name=person.name or "",
        status=ContactStatus.CONNECTED,
        score=None,
        profile={"notes": cut_text(notes, MAX_TEXT)} if notes else {},
        last_written=written.astimezone(context.zone).date() if written else None,
    )


def _parse_scraped_profile(row: Row, context: V1Context) -> Person | RefusedRow:
    address = context.address(row.get("profile_url"))
    if address is None:
        return RefusedRow(NO_ADDRESS)
    parts = [
        part for column in ("first_name", "last_name") if (part := cell_values.parse_name(row.get(column)))
    ]
    score = cell_values.parse_number(row.get("fit_score"))
    return Person(
        address=address,
        full_name=cell_values.parse_name(row.get("full_name"))
        or cell_values.parse_name(" ".join(parts))
        or "",
        status=parse_status(row),
        score=round(score) if score is not None and 0 <= score <= 100 else None,
        profile=parse_profile(row),
        last_written=None,
    )


def _find_contact(row: Row, known: Mapping[int | None, PersonRef]) -> PersonRef:
    contact_id = _parse_id(row.get("contact_id"))
    return known.get(contact_id, _NO_REF) if contact_id is not None else _NO_REF


def _parse_greeting(row: Row, context: V1Context, contact: PersonRef) -> Greeting | RefusedRow:
    person = PersonRef(contact.address, cell_values.parse_name(row.get("contact_name")) or contact.name)
    if person == _NO_REF:
        return RefusedRow(NO_PERSON)
    sent_at = context.instant(row.get("sent_at"))
    late = timedelta(days=cell_values.parse_whole_number(row.get("days_late"), 0, _LONGEST_DELAY_DAYS) or 0)
    columns = "contact_name", "message_text", "sent_at", "days_late"
    return Greeting(
        key=_source_key("birthday_messages", contact.address, *map(row.get, columns)),
        person=person,
        sent_at=sent_at,
        on=sent_at.astimezone(context.zone).date() - late if sent_at else None,
        message=cell_values.parse_text(row.get("message_text")) or "",
        replied_at=context.instant(row.get("response_date")),
    )


def _parse_visit(row: Row, context: V1Context) -> Visit | RefusedRow:
    person = _parse_person_ref(row, "profile_name", "profile_url", context)
    visited_at = context.instant(row.get("visited_at"))
    if cell_values.is_no(row.get("success")):
        return RefusedRow("V1's visit failed")
    if person == _NO_REF:
        return RefusedRow(NO_PERSON)
    if visited_at is None:
        return RefusedRow(NO_DATE)
    columns = "profile_name", "profile_url", "visited_at"
    return Visit(_source_key("profile_visits", *map(row.get, columns)), person, visited_at)


def _parse_blocked(row: Row, context: V1Context) -> BlockedPerson | RefusedRow:
    person = _parse_person_ref(row, "contact_name", "linkedin_url", context)
    if cell_values.is_no(row.get("is_active")):
        return RefusedRow("it is inactive")
    if person == _NO_REF:
        return RefusedRow(NO_PERSON)
    return BlockedPerson(person, cell_values.parse_text(row.get("reason")) or "on V1's blacklist")


def _source_key(table: str, *cells: Cell) -> str:
    """Return the idempotency key of a row, the same in every copy of the file."""
    written = json.dumps([each.hex() if isinstance(each, bytes) else each for each in cells])
    return f"v1:{table}:{hashlib.sha256(written.encode()).hexdigest()[:32]}"


Kept = TypeVar("Kept", Greeting, Visit)


def _refuse_duplicates(rows: Iterable[ParsedRow[Kept]]) -> list[ParsedRow[Kept]]:
    seen: set[str] = set()
    result: list[ParsedRow[Kept]] = []
    for row in rows:
        if not isinstance(row.record, RefusedRow) and row.record.key in seen:
            result.append(ParsedRow(row.number, RefusedRow(DUPLICATE)))
            continue
        if not isinstance(row.record, RefusedRow):
            seen.add(row.record.key)
        result.append(row)
    return result
