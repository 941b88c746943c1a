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

_Told = TypeVar("_Told", Person, Greeting, Visit, BlockedPerson)


def refuse_forgotten(session: Session, site: str, lines: ParsedFile) -> ParsedFile:
    """Return the file with all rows refused that are about somebody with a tombstone.

    A row without an address is about them if nobody else in the file has that name and an address.
    """
    known = list(_list_addresses(lines))
    resting = tombstones.list_forgotten_addresses(session, site, {address for address, _ in known})
    if not resting:
        return lines
    named = {name for address, name in known if address in resting} - {
        name for address, name in known if address not in resting
    }

    def left(told: Sequence[ParsedRow[_Told]]) -> list[ParsedRow[_Told]]:
        return [_refuse(line) if _is_about(line.told, resting, named - {""}) else line for line in told]

    return replace(
        lines,
        contacts=left(lines.contacts),
        scraped_profiles=left(lines.scraped_profiles),
        birthday_messages=left(lines.birthday_messages),
        profile_visits=left(lines.profile_visits),
        blacklist=left(lines.blacklist),
    )


def _refuse(line: ParsedRow[_Told]) -> ParsedRow[_Told]:
    return replace(line, told=RefusedRow(FORGOTTEN))


def _is_about(
    told: Person | Greeting | Visit | BlockedPerson | RefusedRow,
    resting: Collection[str],
    named: Collection[str],
) -> bool:
    whom = _find_person(told)
    if whom is None:
        return False
    return whom.address in resting if whom.address else _name_key(whom.name) in named


def _list_addresses(lines: ParsedFile) -> Iterator[tuple[str, str]]:
    for each in (
        lines.contacts, lines.scraped_profiles, lines.birthday_messages, lines.profile_visits, lines.blacklist
    ):  # fmt: skip
        for line in each:
            if (whom := _find_person(line.told)) is not None and whom.address:
                yield whom.address, _name_key(whom.name)


def _find_person(told: Person | Greeting | Visit | BlockedPerson | RefusedRow) -> PersonRef | None:
    if isinstance(told, RefusedRow):
        return None
    return PersonRef(told.address, told.full_name) if isinstance(told, Person) else told.whom


def _name_key(name: str | None) -> str:
    return " ".join((name or "").split()).casefold()
