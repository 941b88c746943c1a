"""Refuses rows about people with a tombstone, matched by address or by name."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from sqlalchemy.orm import Session

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
from db.store.privacy import tombstones

FORGOTTEN: Final = "this person asked to be forgotten"

_Record = TypeVar("_Record", Person, Greeting, Visit, BlockedPerson)


def refuse_forgotten(session: Session, site: str, parsed: ParsedFile) -> ParsedFile:
    """Return the file with all rows refused that are about somebody with a tombstone.

    A row without an address is about them if nobody else in the file has that name and an address.
    """
    known = list(_list_addresses(parsed))
    forgotten = tombstones.list_forgotten_addresses(session, site, {address for address, _ in known})
    if not forgotten:
        return parsed
    named = {name for address, name in known if address in forgotten} - {
        name for address, name in known if address not in forgotten
    }

    def filtered(rows: Sequence[ParsedRow[_Record]]) -> list[ParsedRow[_Record]]:
        return [_refuse(row) if _is_about(row.record, forgotten, named - {""}) else row for row in rows]

    return replace(
        parsed,
        contacts=filtered(parsed.contacts),
        scraped_profiles=filtered(parsed.scraped_profiles),
        birthday_messages=filtered(parsed.birthday_messages),
        profile_visits=filtered(parsed.profile_visits),
        blacklist=filtered(parsed.blacklist),
    )


def _refuse(row: ParsedRow[_Record]) -> ParsedRow[_Record]:
    return replace(row, record=RefusedRow(FORGOTTEN))


def _is_about(
    record: Person | Greeting | Visit | BlockedPerson | RefusedRow,
    forgotten: Collection[str],
    named: Collection[str],
) -> bool:
    person = _find_person(record)
    if person is None:
        return False
    return person.address in forgotten if person.address else _name_key(person.name) in named


def _list_addresses(parsed: ParsedFile) -> Iterator[tuple[str, str]]:
    for each in (
        parsed.contacts,
        parsed.scraped_profiles,
        parsed.birthday_messages,
        parsed.profile_visits,
        parsed.blacklist,
    ):
        for row in each:
            if (person := _find_person(row.record)) is not None and person.address:
                yield person.address, _name_key(person.name)


def _find_person(record: Person | Greeting | Visit | BlockedPerson | RefusedRow) -> PersonRef | None:
    if isinstance(record, RefusedRow):
        return None
    return PersonRef(record.address, record.full_name) if isinstance(record, Person) else record.person


def _name_key(name: str | None) -> str:
    return " ".join((name or "").split()).casefold()
