"""Imports a file's people into an account: reads entries, copies them to Postgres and merges them there.

Only a batch of entries is in memory at a time. One transaction: an interrupted import leaves nothing behind.
"""

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
from db.imports.copy_rows import COPY, Row, to_rows
from db.imports.entries import RefusedEntry
from db.imports.formats import FORMATS, detect_format
from db.imports.report import MAX_LISTED, ImportReport, RefusalGroup, RefusalLog
from db.imports.text_file import Lines, detect_encoding
from db.queries import load_query
from db.store.imports import runs
from db.store.people.accounts import AccountRecord
from db.store.privacy import tombstones
from worker.rules.model import ImportSource

_BATCH: Final = 2_000
_MAX_CANDIDATES: Final = 20

_REFUSAL_TEXTS: Final = {
    "nobody": "no profile address of {site}, and no contact has the e-mail address or the name",
    "crowd": f"more than {_MAX_CANDIDATES} contacts match: add the profile address",
    "nothing": "only its name or e-mail address matches a contact, and it has no birthday to ask about",
    "other": "every contact with this name has another birthday",
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
        session, to_rows(FORMATS[file.source].read(lines, today), account.site, refusals), lines, progress
    )
    forgotten = _drop_forgotten(session, account.site)
    _merge_rows(session, account, import_id, of_the_site=file.source == account.site)
    report = _count_outcomes(session, account, import_id, read - forgotten, refusals, forgotten=forgotten)
    runs.finish_import(session, import_id, report.as_json())
    return report


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
            with connection.cursor() as cursor, cursor.copy(COPY) as copy:
                for row in filter(None, batch):
                    copy.write_row(row)
                    copied += 1
        except psycopg.OperationalError as error:  # as SQLAlchemy wraps it
            raise OperationalError(COPY, None, error) from error
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
    account_only = {"account_id": account.id}
    all_values = {**account_only, "import_id": import_id, "of_the_site": of_the_site}
    session.execute(load_query("import_match_moved"), account_only)
    session.execute(load_query("import_choose_email"), account_only)
    session.execute(load_query("import_merge"), {**all_values, "by_email": False})
    session.execute(load_query("import_match_email"), account_only)
    session.execute(load_query("import_merge"), {**all_values, "by_email": True})
    session.execute(load_query("import_unsure"), {**account_only, "most": _MAX_CANDIDATES})
    session.execute(load_query("import_doubts"), {**account_only, "import_id": import_id})


def _count_outcomes(
    session: Session,
    account: AccountRecord,
    import_id: int,
    copied: int,
    refusals: RefusalLog,
    *,
    forgotten: int,
) -> ImportReport:
    new, changed, doubts, settled, people, unsure = session.execute(
        load_query("import_tally"), {"import_id": import_id}
    ).one()
    unmatched = text(
        "select line, outcome from import_rows where outcome = any (:outcomes) order by line limit :most"
    )
    reasons = {outcome: reason.format(site=account.site) for outcome, reason in _REFUSAL_TEXTS.items()}
    first = session.execute(unmatched, {"outcomes": list(reasons), "most": MAX_LISTED})
    counted = session.execute(load_query("import_refused"), {"outcomes": list(reasons)})
    groups = [RefusalGroup(reasons[outcome], count, lines) for outcome, count, lines in counted]
    refusals.add_later(groups, (RefusedEntry(line, reasons[outcome]) for line, outcome in first))
    refused_here = copied - settled - unsure
    differing = session.execute(
        load_query("import_differing"), {"account_id": account.id, "most": MAX_LISTED}
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
        groups=refusals.groups,
        elsewhere=tuple(refusals.elsewhere.most_common()),
        differing=differing[0][1] if differing else 0,
        differing_lines=tuple(line for line, _ in differing),
    )
