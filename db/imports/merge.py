"""Brings a file's people into an account: read entry by entry, copied to Postgres, merged there.

Nothing but a batch of entries is ever in memory here. One transaction: whatever ends it early leaves nothing.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any, Final, cast

import psycopg
from sqlalchemy import CursorResult, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from db.imports.formats import READERS, format_of
from db.imports.people import BirthDate, Entry, Person, Refused, UnreadableError
from db.imports.report import KEPT, Refusals, Report
from db.imports.source import Lines, encoding_of
from db.queries import load
from db.store.imports import runs
from db.store.people.accounts import AccountRecord
from db.store.privacy import tombstones
from worker.rules.addresses import profile_address
from worker.rules.model import ImportSource

_BATCH: Final = 2_000
_MOST_CANDIDATES: Final = 20
_LONGEST: Final = 500
_MOST_EMAILS: Final = 10
_JSON: Final = json.JSONEncoder(ensure_ascii=False)
_NO_TEXT: Final = re.compile("[\0\ud800-\udfff]")
_EMAIL: Final = re.compile(r"[^\s@]{1,64}@[^\s@]{1,255}")
_LANGUAGE: Final = re.compile(r"([A-Za-z]{2})(?:[-_].*)?")

_COPY: Final = (
    "copy import_rows (line, address, full_name, emails, language, born, connected_on, connected, profile) "
    "from stdin"
)
_REASONS: Final = {
    "nobody": "it has no profile address of this site, and nobody of this e-mail address or name is known",
    "crowd": f"more than {_MOST_CANDIDATES} contacts could be meant: add the profile address",
    "nothing": "only its name or e-mail address is somebody's, and it has no birthday to ask about",
    "other": "whoever has this name has another birthday already",
}


@dataclass(frozen=True, slots=True)
class File:
    """A file and what is known of it before it is read."""

    path: Path
    source: ImportSource
    encoding: str
    size: int


def look_at(path: Path, *, source: ImportSource | None = None, encoding: str | None = None) -> File:
    """Find out a file's encoding and format. Raises RequestRefusedError if it is neither text nor known."""
    found = encoding_of(path, encoding)
    return File(path, source or format_of(path, found), found, path.stat().st_size)


def bring_in(
    session: Session,
    account: AccountRecord,
    file: File,
    *,
    by: str,
    today: date,
    progress: Callable[[int], None],
) -> Report:
    """Merge the file's people into the account's contacts and return what came of it.

    The caller's transaction decides: a rollback is a dry run with the same figures. `progress` is told how
    many bytes are read. Raises RequestRefusedError for a file that is not of its format.
    """
    import_id = runs.begin(
        session,
        account_id=account.id,
        source=file.source,
        file_name=str(file.path.name).encode(errors="replace").decode(),
        by=by,
    )
    session.execute(text("set local statement_timeout = 0"))  # its statements grow with the file
    session.execute(text("drop table if exists import_rows"))
    session.execute(load("import_rows"))
    refusals = Refusals()
    lines = Lines(file.path, file.encoding)
    read = _copy(session, _rows(READERS[file.source](lines, today), account.site, refusals), lines, progress)
    forgotten = _pass_over(session, account.site)
    _merge(session, account, import_id, of_the_site=file.source == account.site)
    report = _tally(session, account.id, import_id, read - forgotten, refusals, forgotten=forgotten)
    runs.finish(session, import_id, report.as_json())
    return report


Row = tuple[Any, ...]
"""As _COPY names its columns."""


def _rows(entries: Iterator[Entry | Refused], site: str, refusals: Refusals) -> Iterator[Row | None]:
    """Return each entry as a row, or None for one that is refused."""
    for entry in entries:
        if isinstance(entry, Refused):
            refusals.add(entry)
            yield None
            continue
        try:
            yield _row(entry, site)
        except UnreadableError as error:
            refusals.add(Refused(entry.line, str(error)))
            yield None


def _row(entry: Entry, site: str) -> Row:
    person = entry.person
    name = _text(person.name, "name")
    if not any(sign.isalpha() for sign in name):
        raise UnreadableError("it has no name")
    profile = {
        key: value
        for key, given in (("company", person.company), ("position", person.position))
        if (value := _text(given, key))
    }
    language = _LANGUAGE.fullmatch(person.language.strip())
    return (
        entry.line,
        next((address for url in person.urls if (address := _address(url, site))), None),
        name,
        _emails(person),
        language[1].lower() if language else None,
        _born(person.birthday),
        person.connected_on,
        person.connected,
        _JSON.encode(profile),
    )


def _text(given: str, what: str) -> str:
    """Return `given` on one line. Raises UnreadableError for what is no text or far too long."""
    cleaned = " ".join(given.split())
    if _NO_TEXT.search(cleaned):
        raise UnreadableError(f"the {what} holds a NUL byte or half a character")
    if len(cleaned) > _LONGEST:
        raise UnreadableError(f"the {what} is longer than {_LONGEST} characters")
    return cleaned


def _address(url: str, site: str) -> str | None:
    address = profile_address(url, site) if url and len(url) <= _LONGEST else None
    return None if address is None or _NO_TEXT.search(address) else address


def _emails(person: Person) -> list[str]:
    found = (email.strip().lower() for email in person.emails)
    usable = (email for email in found if _EMAIL.fullmatch(email) and not _NO_TEXT.search(email))
    return list(dict.fromkeys(islice(usable, _MOST_EMAILS)))


def _born(birthday: BirthDate | None) -> str | None:
    if birthday is None:
        return None
    year = f"{birthday.year:04}" if birthday.year is not None else "-"
    return f"{year}-{birthday.month:02}-{birthday.day:02}"


def _copy(session: Session, rows: Iterator[Row | None], lines: Lines, progress: Callable[[int], None]) -> int:
    """Copy the rows to Postgres, batch by batch, and return how many.

    A batch of nothing but refused entries is sent as well: a transaction that is silent is ended.
    """
    connection = cast("psycopg.Connection[Any]", session.connection().connection.dbapi_connection)
    copied = 0
    while batch := list(islice(rows, _BATCH)):
        try:
            with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
                for row in filter(None, batch):
                    copy.write_row(row)
                    copied += 1
        except psycopg.OperationalError as error:  # as SQLAlchemy would say it
            raise OperationalError(_COPY, None, error) from error
        progress(lines.bytes_read)
    progress(lines.bytes_read)
    return copied


def _pass_over(session: Session, site: str) -> int:
    """Take out the entries of people who asked to be forgotten; return how many."""
    tombstones.hold(session)
    return cast("CursorResult[Any]", session.execute(load("import_forgotten"), {"site": site})).rowcount


def _merge(session: Session, account: AccountRecord, import_id: int, *, of_the_site: bool) -> None:
    """Find who each entry is, and merge. First all who have an address, then those whom only e-mail tells."""
    session.execute(text("analyze import_rows"))
    whose = {"account_id": account.id}
    what = {**whose, "import_id": import_id, "of_the_site": of_the_site}
    session.execute(load("import_match_moved"), whose)
    session.execute(load("import_choose_email"), whose)
    session.execute(load("import_merge"), {**what, "by_email": False})
    session.execute(load("import_match_email"), whose)
    session.execute(load("import_merge"), {**what, "by_email": True})
    session.execute(load("import_unsure"), {**whose, "most": _MOST_CANDIDATES})
    session.execute(load("import_doubts"), {**whose, "import_id": import_id})


def _tally(
    session: Session, account_id: int, import_id: int, copied: int, refusals: Refusals, *, forgotten: int
) -> Report:
    new, changed, doubts, settled, people, unsure = session.execute(
        load("import_tally"), {"import_id": import_id}
    ).one()
    # Later lines of `outcome` are those that nothing was found for; _REASONS has the words.
    left = text(
        "select line, outcome from import_rows where outcome = any (:outcomes) order by line limit :most"
    )
    first = session.execute(left, {"outcomes": list(_REASONS), "most": KEPT})
    refused_here = copied - settled - unsure
    refusals.and_those(refused_here, (Refused(line, _REASONS[outcome]) for line, outcome in first))
    differing = session.execute(load("import_differing"), {"account_id": account_id, "most": KEPT}).all()
    return Report(
        read=copied - refused_here + refusals.count + forgotten,
        new=new,
        changed=changed,
        same=people - new - changed + unsure - doubts,
        repeated=settled - people,
        doubts=doubts,
        refused=refusals.count,
        forgotten=forgotten,
        refusals=tuple(refusals.first),
        differing=differing[0][1] if differing else 0,
        differing_lines=tuple(line for line, _ in differing),
    )
