"""Imports a file's people into an account: reads entries, copies them to Postgres and merges them there.

Only a batch of entries is in memory at a time. One transaction: an interrupted import leaves nothing behind.
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
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from db.engine import execute_counted
from db.imports.entries import BirthDate, Entry, Person, RefusedEntry, UnreadableEntryError
from db.imports.formats import READERS, detect_format
from db.imports.report import MAX_LISTED, ImportReport, RefusalLog
from db.imports.text_file import Lines, detect_encoding
from db.queries import load_query
from db.store.imports import runs
from db.store.people.accounts import AccountRecord
from db.store.privacy import tombstones
from worker.rules.addresses import normalise_profile_url
from worker.rules.model import ImportSource

_BATCH: Final = 2_000
_MAX_CANDIDATES: Final = 20
_MAX_TEXT_CHARS: Final = 500
_MAX_EMAILS: Final = 10
_JSON: Final = json.JSONEncoder(ensure_ascii=False)
_INVALID_CHARS: Final = re.compile("[\0\ud800-\udfff]")
_EMAIL: Final = re.compile(r"[^\s@]{1,64}@[^\s@]{1,255}")
_LANGUAGE: Final = re.compile(r"([A-Za-z]{2})(?:[-_].*)?")

_COPY: Final = (
    "copy import_rows (line, address, full_name, emails, language, born, connected_on, connected, profile) "
    "from stdin"
)
_REFUSAL_TEXTS: Final = {
    "nobody": "it has no profile address of this site, and nobody of this e-mail address or name is known",
    "crowd": f"more than {_MAX_CANDIDATES} contacts could be meant: add the profile address",
    "nothing": "only its name or e-mail address is somebody's, and it has no birthday to ask about",
    "other": "whoever has this name has another birthday already",
}


@dataclass(frozen=True, slots=True)
class ImportFile:
    """A file to import, with its detected format and encoding. `size` is in bytes."""

    path: Path
    source: ImportSource
    encoding: str
    size: int


def inspect_file(
    path: Path, *, source: ImportSource | None = None, encoding: str | None = None
) -> ImportFile:
    """Detect a file's encoding and format, unless given. Raises RequestRefusedError for an unknown file."""
    found = detect_encoding(path, encoding)
    return ImportFile(path, source or detect_format(path, found), found, path.stat().st_size)


def import_file(
    session: Session,
    account: AccountRecord,
    file: ImportFile,
    *,
    by: str,
    today: date,
    progress: Callable[[int], None],
) -> ImportReport:
    """Merge the file's people into the account's contacts and return the report.

    For a dry run, the caller rolls its transaction back. `progress` is called with the number of bytes read
    so far. Raises RequestRefusedError for a file that is not of its format.
    """
    import_id = runs.begin_import(
        session,
        account_id=account.id,
        source=file.source,
        file_name=str(file.path.name).encode(errors="replace").decode(),
        by=by,
    )
    session.execute(text("set local statement_timeout = 0"))  # the statements take longer for a larger file
    session.execute(text("drop table if exists import_rows"))
    session.execute(load_query("import_rows"))
    refusals = RefusalLog()
    lines = Lines(file.path, file.encoding)
    read = _copy_rows(
        session, _to_rows(READERS[file.source](lines, today), account.site, refusals), lines, progress
    )
    forgotten = _drop_forgotten(session, account.site)
    _merge_rows(session, account, import_id, of_the_site=file.source == account.site)
    report = _count_outcomes(session, account.id, import_id, read - forgotten, refusals, forgotten=forgotten)
    runs.finish_import(session, import_id, report.as_json())
    return report


Row = tuple[Any, ...]
"""The values of _COPY's columns."""


def _to_rows(
    entries: Iterator[Entry | RefusedEntry], site: str, refusals: RefusalLog
) -> Iterator[Row | None]:
    """Yield each entry as a row, or None for a refused one."""
    for entry in entries:
        if isinstance(entry, RefusedEntry):
            refusals.add(entry)
            yield None
            continue
        try:
            yield _to_row(entry, site)
        except UnreadableEntryError as error:
            refusals.add(RefusedEntry(entry.line, str(error)))
            yield None


def _to_row(entry: Entry, site: str) -> Row:
    person = entry.person
    name = _clean_text(person.name, "name")
    if not any(sign.isalpha() for sign in name):
        raise UnreadableEntryError("it has no name")
    profile = {
        key: value
        for key, given in (("company", person.company), ("position", person.position))
        if (value := _clean_text(given, key))
    }
    language = _LANGUAGE.fullmatch(person.language.strip())
    return (
        entry.line,
        next((address for url in person.urls if (address := _find_address(url, site))), None),
        name,
        _clean_emails(person),
        language[1].lower() if language else None,
        _encode_birthday(person.birthday),
        person.connected_on,
        person.connected,
        _JSON.encode(profile),
    )


def _clean_text(given: str, what: str) -> str:
    """Return `given` on one line. Raises UnreadableEntryError for invalid characters or a too long text."""
    cleaned = " ".join(given.split())
    if _INVALID_CHARS.search(cleaned):
        raise UnreadableEntryError(f"the {what} holds a NUL byte or half a character")
    if len(cleaned) > _MAX_TEXT_CHARS:
        raise UnreadableEntryError(f"the {what} is longer than {_MAX_TEXT_CHARS} characters")
    return cleaned


def _find_address(url: str, site: str) -> str | None:
    address = normalise_profile_url(url, site) if url and len(url) <= _MAX_TEXT_CHARS else None
    return None if address is None or _INVALID_CHARS.search(address) else address


def _clean_emails(person: Person) -> list[str]:
    found = (email.strip().lower() for email in person.emails)
    usable = (email for email in found if _EMAIL.fullmatch(email) and not _INVALID_CHARS.search(email))
    return list(dict.fromkeys(islice(usable, _MAX_EMAILS)))


def _encode_birthday(birthday: BirthDate | None) -> str | None:
    if birthday is None:
        return None
    year = f"{birthday.year:04}" if birthday.year is not None else "-"
    return f"{year}-{birthday.month:02}-{birthday.day:02}"


def _copy_rows(
    session: Session, rows: Iterator[Row | None], lines: Lines, progress: Callable[[int], None]
) -> int:
    """Copy the rows to Postgres in batches, and return how many.

    A batch of refused entries only is copied too, since Postgres ends an idle transaction.
    """
    connection = cast("psycopg.Connection[Any]", session.connection().connection.dbapi_connection)
    copied = 0
    while batch := list(islice(rows, _BATCH)):
        try:
            with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
                for row in filter(None, batch):
                    copy.write_row(row)
                    copied += 1
        except psycopg.OperationalError as error:  # as SQLAlchemy wraps it
            raise OperationalError(_COPY, None, error) from error
        progress(lines.bytes_read)
    progress(lines.bytes_read)
    return copied


def _drop_forgotten(session: Session, site: str) -> int:
    """Delete the entries of people with a tombstone; return how many."""
    tombstones.lock_shared(session)
    return execute_counted(session, load_query("import_forgotten"), {"site": site})


def _merge_rows(session: Session, account: AccountRecord, import_id: int, *, of_the_site: bool) -> None:
    """Match entries to contacts and merge them: first by address, then by e-mail, then ask about the rest."""
    session.execute(text("analyze import_rows"))
    whose = {"account_id": account.id}
    what = {**whose, "import_id": import_id, "of_the_site": of_the_site}
    session.execute(load_query("import_match_moved"), whose)
    session.execute(load_query("import_choose_email"), whose)
    session.execute(load_query("import_merge"), {**what, "by_email": False})
    session.execute(load_query("import_match_email"), whose)
    session.execute(load_query("import_merge"), {**what, "by_email": True})
    session.execute(load_query("import_unsure"), {**whose, "most": _MAX_CANDIDATES})
    session.execute(load_query("import_doubts"), {**whose, "import_id": import_id})


def _count_outcomes(
    session: Session, account_id: int, import_id: int, copied: int, refusals: RefusalLog, *, forgotten: int
) -> ImportReport:
    new, changed, doubts, settled, people, unsure = session.execute(
        load_query("import_tally"), {"import_id": import_id}
    ).one()
    left = text(
        "select line, outcome from import_rows where outcome = any (:outcomes) order by line limit :most"
    )
    first = session.execute(left, {"outcomes": list(_REFUSAL_TEXTS), "most": MAX_LISTED})
    refused_here = copied - settled - unsure
    refusals.add_later(refused_here, (RefusedEntry(line, _REFUSAL_TEXTS[outcome]) for line, outcome in first))
    differing = session.execute(
        load_query("import_differing"), {"account_id": account_id, "most": MAX_LISTED}
    ).all()
    return ImportReport(
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
