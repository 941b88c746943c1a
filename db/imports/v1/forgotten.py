"""Rows about people who asked to be forgotten: refused, whether they name the address or only the name."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from sqlalchemy.orm import Session

from db.imports.v1.records import Blocked, Greeting, Line, Lines, Person, Refused, Visit, Whom
from db.store.privacy import tombstones

FORGOTTEN: Final = "this person asked to be forgotten"

_Told = TypeVar("_Told", Person, Greeting, Visit, Blocked)


def pass_over(session: Session, site: str, lines: Lines) -> Lines:
    """Return the lines with those refused that are about somebody with a tombstone.

    A row without an address is about them if the file gives the name to nobody else with an address.
    """
    known = list(_with_addresses(lines))
    resting = tombstones.resting(session, site, {address for address, _ in known})
    if not resting:
        return lines
    named = {name for address, name in known if address in resting} - {
        name for address, name in known if address not in resting
    }

    def left(told: Sequence[Line[_Told]]) -> list[Line[_Told]]:
        return [_refused(line) if _is_about(line.told, resting, named - {""}) else line for line in told]

    return replace(
        lines,
        contacts=left(lines.contacts),
        scraped_profiles=left(lines.scraped_profiles),
        birthday_messages=left(lines.birthday_messages),
        profile_visits=left(lines.profile_visits),
        blacklist=left(lines.blacklist),
    )


def _refused(line: Line[_Told]) -> Line[_Told]:
    return replace(line, told=Refused(FORGOTTEN))


def _is_about(
    told: Person | Greeting | Visit | Blocked | Refused, resting: Collection[str], named: Collection[str]
) -> bool:
    whom = _whom(told)
    if whom is None:
        return False
    return whom.address in resting if whom.address else _key(whom.name) in named


def _with_addresses(lines: Lines) -> Iterator[tuple[str, str]]:
    for each in (
        lines.contacts, lines.scraped_profiles, lines.birthday_messages, lines.profile_visits, lines.blacklist
    ):  # fmt: skip
        for line in each:
            if (whom := _whom(line.told)) is not None and whom.address:
                yield whom.address, _key(whom.name)


def _whom(told: Person | Greeting | Visit | Blocked | Refused) -> Whom | None:
    if isinstance(told, Refused):
        return None
    return Whom(told.address, told.full_name) if isinstance(told, Person) else told.whom


def _key(name: str | None) -> str:
    return " ".join((name or "").split()).casefold()
