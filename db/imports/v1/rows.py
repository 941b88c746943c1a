"""V1's rows into records, or refusals with the reason. Pure: the same file, site, zone and now, the same."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from db.imports.v1 import cell_values
from db.imports.v1.file import Cell, Row, V1File
from db.imports.v1.profiles import profile_of, status_of
from db.imports.v1.records import Blocked, Greeting, Hint, Line, Lines, Person, Refused, Visit, Whom
from worker.errors import RequestRefusedError
from worker.rules.addresses import CANONICAL, profile_address
from worker.rules.model import ContactStatus

T = TypeVar("T")

NO_ADDRESS: Final = "it has no address of a profile"
NOBODY: Final = "it names nobody"
NO_DATE: Final = "it has no readable date"
TWICE: Final = "it is in the file twice"

_NOBODY: Final = Whom(None, None)
_LONGEST_DELAY_DAYS: Final = 365
_ADDRESSES: Final = (
    ("contacts", "linkedin_url"),
    ("scraped_profiles", "profile_url"),
    ("profile_visits", "profile_url"),
    ("blacklist", "linkedin_url"),
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What V1's rows don't say themselves: whose site's addresses, whose local time, and until when."""

    site: str
    zone: ZoneInfo
    now: datetime

    def address(self, cell: Cell) -> str | None:
        """Return the normalised address; V1 also kept a link as the page had it, without the host."""
        given = cell_values.text(cell) or ""
        return profile_address(
            f"{CANONICAL[self.site]}{given}" if given.startswith("/in/") else given, self.site
        )

    def instant(self, cell: Cell) -> datetime | None:
        """Return when it happened."""
        return cell_values.instant(cell, self.zone, self.now)


def read_lines(file: V1File, reading: Reading) -> Lines:
    """Read every row of the file.

    Raises RequestRefusedError where the file has addresses, but none of the account's site.
    """
    _refuse_another_sites(file, reading)
    known = {
        _id(row.get("id")): _named(row, "name", "linkedin_url", reading)
        for row in file.tables.get("contacts", ())
    }

    def lines(table: str, parse: Callable[[Row, Reading], T | Refused]) -> list[Line[T]]:
        return [
            Line(_number(row, place), parse(row, reading))
            for place, row in enumerate(file.tables.get(table, ()), 1)
        ]

    return Lines(
        file=file.name,
        tables=frozenset(file.tables),
        contacts=lines("contacts", _contact),
        scraped_profiles=lines("scraped_profiles", _scraped),
        birthday_messages=_once(
            lines("birthday_messages", lambda row, _: _greeting(row, reading, _contact_of(row, known)))
        ),
        profile_visits=_once(lines("profile_visits", _visit)),
        blacklist=lines("blacklist", _blocked),
        linkedin_selectors=lines("linkedin_selectors", _hint),
        left=file.left,
    )


def _refuse_another_sites(file: V1File, reading: Reading) -> None:
    if reading.site not in CANONICAL:
        raise RequestRefusedError(
            f"people of the site {reading.site!r} have no addresses that are known here"
        )
    given = [
        row.get(column)
        for table, column in _ADDRESSES
        for row in file.tables.get(table, ())
        if cell_values.text(row.get(column))
    ]
    if given and not any(reading.address(cell) for cell in given):
        raise RequestRefusedError(
            f"none of the {len(given)} addresses in {file.name} is one of the site {reading.site!r}: V1 knew "
            "people of linkedin, so give an account of that site (`rapport account add NAME --site linkedin`)"
        )


def _number(row: Row, place: int) -> int:
    told = row.get("id")
    return told if isinstance(told, int) else place


def _id(cell: Cell) -> int | None:
    return cell_values.whole(cell, 0, 2**53)


def _named(row: Row, name: str, address: str, reading: Reading) -> Whom:
    return Whom(reading.address(row.get(address)), cell_values.name(row.get(name)))


def _contact(row: Row, reading: Reading) -> Person | Refused:
    whom = _named(row, "name", "linkedin_url", reading)
    if whom.address is None:
        return Refused(NO_ADDRESS)
    notes = cell_values.text(row.get("notes"))
    written = reading.instant(row.get("last_message_date"))
    return Person(
        address=whom.address,
        full_name=whom.name or "",
        status=ContactStatus.CONNECTED,
        score=None,
        profile={"notes": notes} if notes else {},
        last_written=written.astimezone(reading.zone).date() if written else None,
    )


def _scraped(row: Row, reading: Reading) -> Person | Refused:
    address = reading.address(row.get("profile_url"))
    if address is None:
        return Refused(NO_ADDRESS)
    parts = [part for column in ("first_name", "last_name") if (part := cell_values.name(row.get(column)))]
    score = cell_values.number(row.get("fit_score"))
    return Person(
        address=address,
        full_name=cell_values.name(row.get("full_name")) or cell_values.name(" ".join(parts)) or "",
        status=status_of(row),
        score=round(score) if score is not None and 0 <= score <= 100 else None,
        profile=profile_of(row),
        last_written=None,
    )


def _contact_of(row: Row, known: Mapping[int | None, Whom]) -> Whom:
    contact_id = _id(row.get("contact_id"))
    return known.get(contact_id, _NOBODY) if contact_id is not None else _NOBODY


def _greeting(row: Row, reading: Reading, told: Whom) -> Greeting | Refused:
    whom = Whom(told.address, cell_values.name(row.get("contact_name")) or told.name)
    if whom == _NOBODY:
        return Refused(NOBODY)
    sent_at = reading.instant(row.get("sent_at"))
    late = timedelta(days=cell_values.whole(row.get("days_late"), 0, _LONGEST_DELAY_DAYS) or 0)
    columns = "contact_name", "message_text", "sent_at", "days_late"
    return Greeting(
        key=_key("birthday_messages", told.address, *map(row.get, columns)),
        whom=whom,
        sent_at=sent_at,
        on=sent_at.astimezone(reading.zone).date() - late if sent_at else None,
        message=cell_values.text(row.get("message_text")) or "",
        replied_at=reading.instant(row.get("response_date")),
    )


def _visit(row: Row, reading: Reading) -> Visit | Refused:
    whom = _named(row, "profile_name", "profile_url", reading)
    visited_at = reading.instant(row.get("visited_at"))
    if cell_values.says_no(row.get("success")):
        return Refused("V1 did not get to the profile")
    if whom == _NOBODY:
        return Refused(NOBODY)
    if visited_at is None:
        return Refused(NO_DATE)
    columns = "profile_name", "profile_url", "visited_at"
    return Visit(_key("profile_visits", *map(row.get, columns)), whom, visited_at)


def _blocked(row: Row, reading: Reading) -> Blocked | Refused:
    whom = _named(row, "contact_name", "linkedin_url", reading)
    if cell_values.says_no(row.get("is_active")):
        return Refused("it is not active any more")
    if whom == _NOBODY:
        return Refused(NOBODY)
    return Blocked(whom, cell_values.text(row.get("reason")) or "on V1's blacklist")


def _hint(row: Row, _: Reading) -> Hint | Refused:
    name, selector = (cell_values.text(row.get(column)) for column in ("selector_name", "selector_value"))
    if name is None or selector is None:
        return Refused("it has no name or no selector")
    if cell_values.says_no(row.get("is_valid")):
        return Refused("V1 found that it holds no more")
    if not cell_values.fits_a_key(name + selector):
        return Refused("it is too long for a selector")
    return Hint(name, selector, cell_values.text(row.get("page_type")) or "")


def _key(table: str, *told: Cell) -> str:
    """Return what makes a row happen once, whichever copy of the file it comes from."""
    written = json.dumps([each.hex() if isinstance(each, bytes) else each for each in told])
    return f"v1:{table}:{hashlib.sha256(written.encode()).hexdigest()[:32]}"


Kept = TypeVar("Kept", Greeting, Visit)


def _once(lines: Iterable[Line[Kept]]) -> list[Line[Kept]]:
    seen: set[str] = set()
    kept: list[Line[Kept]] = []
    for line in lines:
        if not isinstance(line.told, Refused) and line.told.key in seen:
            kept.append(Line(line.number, Refused(TWICE)))
            continue
        if not isinstance(line.told, Refused):
            seen.add(line.told.key)
        kept.append(line)
    return kept
