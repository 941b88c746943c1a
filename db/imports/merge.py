"""Imports a file's people into an account: reads entries, copies them to Postgres and merges them there.

Only a batch of entries is in memory at a time. One transaction: an interrupted import leaves nothing behind.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Final, cast

import psycopg
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from db.engine import execute_counted, unlimited_time
from db.imports.archive import ArchiveMember, is_archive
from db.imports.copy_rows import COPY, MEMBER, Row, to_rows
from db.imports.entries import ReadContext, RefusedEntry
from db.imports.formats import FORMATS, detect_format, find_member, refuse_foreign
from db.imports.report import MAX_LISTED, EntryLogs, ImportReport, RefusalGroup, RefusalLog
from db.imports.text_file import Lines, UndecodableFileError, detect_encoding
from db.queries import load_query
from db.store.identity import doubts as identity_doubts
from db.store.identity import learning
from db.store.identity.learning import Learned
from db.store.imports import runs
from db.store.people.accounts import AccountRecord
from db.store.privacy import tombstones
from worker import clock
from worker.errors import RequestRefusedError
from worker.rules.model import ImportSource
from worker.rules.people.identity import PersonKeys

_BATCH_ROWS: Final = 2_000
_BATCH_BYTES: Final = 8 << 20
"""Cards with photographs are long, so a batch also ends after as many bytes of the file."""
_SILENT_AT_MOST_S: Final = 2.0
"""Postgres ends a transaction that is silent for longer than its limit (db/engine.py)."""
_WORK_MEMORY: Final = "64MB"
"""Postgres' own default would sort and hash a large file's rows on disk."""
_MAX_CANDIDATES: Final = 20

_REFUSAL_TEXTS: Final = {
    "nobody": "no profile address of {site}, and no contact has the e-mail address or the name",
    "crowd": f"more than {_MAX_CANDIDATES} contacts match: add the profile address",
    "nothing": "only its name or e-mail address matches a contact, and it has no birthday to ask about",
    "other": "every contact with this name has another birthday",
    "vague": "the title has no certain name, and no contact has its address or a name like it",
}
_DAY_OF_DEATH: Final = "a day of death"


@dataclass(frozen=True, slots=True)
class ImportFile:
    """A file to import, with its detected format and encoding. `size` is in bytes.

    `member`: the file inside the ZIP archive `path`. `title` is shown in place of the path's name.
    """

    path: Path
    source: ImportSource
    encoding: str
    size: int
    member: ArchiveMember | None = None
    title: str = ""

    @property
    def name(self) -> str:
        """The file's name, for a person; inside an archive, both names."""
        if self.title:
            return self.title
        return f"{self.path.name}: {self.member.member}" if self.member else self.path.name


def inspect_file(
    path: Path, *, source: ImportSource | None = None, encoding: str | None = None
) -> ImportFile:
    """Detect a file's encoding and format, unless given. A ZIP archive is read for the known file in it.

    Raises RequestRefusedError for an unknown file.
    """
    member = find_member(path) if is_archive(path) else None
    file = member or path
    try:
        found = detect_encoding(file, encoding)
    except UndecodableFileError:
        refuse_foreign(file)
        raise
    size = member.size if member else path.stat().st_size
    return ImportFile(path, source or detect_format(file, found), found, size, member)


def import_file(
    session: Session,
    account: AccountRecord,
    file: ImportFile,
    *,
    by: str,
    today: date,
    progress: Callable[[int], None],
    subscription_id: int | None = None,
    gone: Sequence[str] = (),
) -> ImportReport:
    """Merge the file's people into the account's contacts and return the report.

    For a dry run, the caller rolls its transaction back. `progress` is called with the number of bytes read
    so far. `subscription_id` and `gone` are what the file was read from, and the people who are no longer
    there. Raises RequestRefusedError for a file that is not of its format.
    """
    import_id = runs.begin_import(
        session,
        account_id=account.id,
        source=file.source,
        file_name=file.name.encode(errors="replace").decode(),
        by=by,
        subscription_id=subscription_id,
    )
    with unlimited_time(session):
        session.execute(text(f"set local work_mem = '{_WORK_MEMORY}'"))
        session.execute(text("drop table if exists import_rows"))
        session.execute(load_query("import_rows"))
        logs, context = EntryLogs(), ReadContext(today, account.zone)
        writer = _RowWriter(session, file, progress)
        entries = FORMATS[file.source].read(writer.lines, context)
        writer.copy(to_rows(entries, account.site, logs))
        forgotten = _drop_forgotten(session, account.site)
        _merge_rows(
            session, account, import_id, of_the_site=file.source == account.site, has_extra=writer.has_extra,
            has_member=writer.has_member,
        )  # fmt: skip
        report = _count_outcomes(
            session, account, import_id, logs, forgotten=forgotten, unused=context.unused
        )
    report = replace(report, gone=len(gone), gone_names=tuple(gone[:MAX_LISTED]))
    runs.finish_import(session, import_id, report.as_json())
    return report


class _RowWriter:
    """Copies rows to Postgres in batches, and keeps the transaction from being silent while it reads."""

    def __init__(self, session: Session, file: ImportFile, progress: Callable[[int], None]) -> None:
        self._connection = cast("psycopg.Connection[Any]", session.connection().connection.dbapi_connection)
        self._progress = progress
        self._heard_s = clock.monotonic_seconds()
        self.lines = Lines(file.member or file.path, file.encoding, on_chunk=self._keep_alive)
        self.has_extra = self.has_member = False

    def copy(self, rows: Iterator[Row | None]) -> None:
        """Copy all rows. Raises OperationalError if Postgres ended the connection."""
        while batch := self._take_batch(rows):
            with _as_sqlalchemy_error(), self._connection.cursor() as cursor, cursor.copy(COPY) as copy:
                for row in filter(None, batch):
                    copy.write_row(row)
                    self.has_extra = self.has_extra or row[-1] is not None
                    self.has_member = self.has_member or row[MEMBER] is not None
            self._heard_s = clock.monotonic_seconds()
            self._progress(self.lines.bytes_read)
        self._progress(self.lines.bytes_read)

    def _take_batch(self, rows: Iterator[Row | None]) -> list[Row | None]:
        """Return the next rows. A batch of refused entries only is written too, as a sign of life."""
        batch: list[Row | None] = []
        began = self.lines.bytes_read
        for row in rows:
            batch.append(row)
            if len(batch) >= _BATCH_ROWS or abs(self.lines.bytes_read - began) >= _BATCH_BYTES:
                break
        return batch

    def _keep_alive(self) -> None:
        """Send an empty query if none was sent for some time. No copy is open while lines are read."""
        if clock.monotonic_seconds() - self._heard_s >= _SILENT_AT_MOST_S:
            with _as_sqlalchemy_error():
                self._connection.execute("select 1")
            self._heard_s = clock.monotonic_seconds()
            self._progress(self.lines.bytes_read)


@contextmanager
def _as_sqlalchemy_error() -> Iterator[None]:
    """Translate a lost connection as SQLAlchemy does. Postgres also ends a transaction that was silent."""
    try:
        yield
    except (psycopg.OperationalError, psycopg.errors.IdleInTransactionSessionTimeout) as error:
        raise OperationalError(COPY, None, error) from error


def _drop_forgotten(session: Session, site: str) -> int:
    """Delete the entries of people with a tombstone; return how many."""
    tombstones.lock_shared(session)
    return execute_counted(session, load_query("import_forgotten"), {"site": site})


def _merge_rows(
    session: Session,
    account: AccountRecord,
    import_id: int,
    *,
    of_the_site: bool,
    has_extra: bool,
    has_member: bool,
) -> None:
    """Match entries to contacts and merge them: first by address, then by e-mail, then ask about the rest.

    Without `has_extra`, no entry has died, a vague name or several possible days; without `has_member`, none
    has a member id.
    """
    session.execute(text("analyze import_rows"))
    account_only = {"account_id": account.id}
    session.execute(load_query("import_match_former"), account_only)
    if has_member:
        _link_members(session, account.id)
    merged_into = {**account_only, "import_id": import_id, "of_the_site": of_the_site}
    session.execute(load_query("import_match_moved"), account_only)
    session.execute(load_query("import_choose_email"), account_only)
    if has_extra:
        session.execute(load_query("import_vague"), account_only)
        session.execute(load_query("import_deaths"), {**account_only, "import_id": import_id})
        session.execute(load_query("import_mark_dead"), {"import_id": import_id})
    _merge_people(session, {**merged_into, "by_email": False})
    if execute_counted(session, load_query("import_match_email"), account_only):
        _merge_people(session, {**merged_into, "by_email": True})
    session.execute(load_query("import_unsure"), {**account_only, "most": _MAX_CANDIDATES})
    session.execute(load_query("import_doubts"), {**account_only, "import_id": import_id})
    if has_extra:
        session.execute(load_query("import_day_doubts"), {**account_only, "import_id": import_id})


def _merge_people(session: Session, values: Mapping[str, object]) -> None:
    """Merge the entries with an address, of which those matched by e-mail address come last."""
    session.execute(text("drop table if exists import_repeated"))
    session.execute(load_query("import_repeated"), {"by_email": values["by_email"]})
    session.execute(text("analyze import_repeated"))
    session.execute(load_query("import_merge_known"), values)
    # A plan for an empty table of contacts would read it whole for each entry, while the statement fills it.
    session.execute(text("set local enable_seqscan = off"))
    session.execute(load_query("import_merge_new"), values)
    session.execute(text("set local enable_seqscan = on"))


def _link_members(session: Session, account_id: int) -> None:
    """Learn who is who from entries that name a person by address and member id; merge known contacts.

    Raises RequestRefusedError while a worker acts for one of two contacts that are one person.
    """
    account_only = {"account_id": account_id}
    session.execute(text("drop table if exists import_links"))
    session.execute(load_query("import_links"))
    session.execute(load_query("import_members"))
    session.execute(load_query("import_learn"), account_only)
    for address, member in session.execute(load_query("import_joins"), account_only).all():
        if learning.learn_from_file(session, account_id, PersonKeys(address, member)) is Learned.BUSY:
            raise RequestRefusedError(
                f"a worker is acting for {address} right now, whom this file joins with another contact; "
                "nothing was changed: try again in a minute"
            )
    session.execute(load_query("import_match_member"), account_only)


def _count_outcomes(
    session: Session,
    account: AccountRecord,
    import_id: int,
    logs: EntryLogs,
    *,
    forgotten: int,
    unused: Mapping[str, int],
) -> ImportReport:
    new, changed, doubts, asked, died, settled, people, unsure, dead = session.execute(
        load_query("import_tally"), {"import_id": import_id}
    ).one()
    unmatched = text(
        "select line, outcome from import_rows where outcome = any (:outcomes) order by line limit :most"
    )
    reasons = {outcome: reason.format(site=account.site) for outcome, reason in _REFUSAL_TEXTS.items()}
    first = session.execute(unmatched, {"outcomes": list(reasons), "most": MAX_LISTED})
    counted = session.execute(load_query("import_refused"), {"outcomes": list(reasons)})
    groups = [RefusalGroup(reasons[outcome], count, lines) for outcome, count, lines in counted]
    refusals = logs.refused
    refusals.add_later(groups, (RefusedEntry(line, reasons[outcome]) for line, outcome in first))
    differing = session.execute(
        load_query("import_differing"), {"account_id": account.id, "most": MAX_LISTED}
    ).all()
    losses, loss_groups = _list_losses(session, logs.lost)
    skipped = logs.skipped.counts
    if dead:
        skipped[_DAY_OF_DEATH] += dead
    return ImportReport(
        read=settled + unsure + refusals.count + forgotten + skipped.total(),
        new=new,
        changed=changed,
        same=people - new - changed + unsure - doubts,
        repeated=settled - people,
        doubts=doubts,
        refused=refusals.count,
        forgotten=forgotten,
        skipped=skipped,
        refusals=tuple(refusals.first),
        groups=refusals.groups,
        elsewhere=tuple(refusals.elsewhere.most_common()),
        differing=differing[0][1] if differing else 0,
        differing_lines=tuple(line for line, _ in differing),
        lost=sum(group.count for group in loss_groups),
        losses=losses,
        loss_groups=loss_groups,
        asked=asked,
        died=died,
        unused=unused,
        maybe_same=identity_doubts.count_pairs_of_import(session, import_id),
    )


def _list_losses(
    session: Session, lost: RefusalLog
) -> tuple[tuple[RefusedEntry, ...], tuple[RefusalGroup, ...]]:
    """Return the first losses and their groups, without people to be forgotten: nothing of theirs is kept."""
    if not lost.first:
        return (), ()
    named = {loss.line for loss in lost.first} | {line for group in lost.groups for line in group.lines}
    present = text("select line from import_rows where line = any (:lines)")
    lines = set(session.scalars(present, {"lines": list(named)}))
    for group in lost.groups:
        group.keep_lines(lines)
    groups = tuple(group for group in lost.groups if group.count)
    return tuple(loss for loss in lost.first if loss.line in lines), groups
