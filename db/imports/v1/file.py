"""Reads V1's SQLite file. Writes nothing to it or beside it."""

import shutil
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, TypeAlias

from worker.errors import RequestRefusedError
from worker.files import open_regular_file

Cell: TypeAlias = str | int | float | bytes | None
Row: TypeAlias = Mapping[str, Cell]
"""One row by column. Columns that the file's version of V1 did not have are missing."""

IMPORTED_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "contacts": ("id", "name", "linkedin_url", "last_message_date", "notes"),
    "scraped_profiles": (
        "id", "profile_url", "first_name", "last_name", "full_name", "headline", "summary",
        "relationship_level", "current_company", "education", "years_experience", "skills", "certifications",
        "fit_score", "location", "languages", "work_history", "connection_degree", "school", "degree",
        "job_title", "seniority_level", "endorsements_count", "open_to_work",
    ),
    "birthday_messages": (
        "id", "contact_id", "contact_name", "message_text", "sent_at", "days_late", "response_date",
    ),
    "profile_visits": ("id", "profile_name", "profile_url", "visited_at", "success"),
    "blacklist": ("id", "contact_name", "linkedin_url", "reason", "is_active"),
}  # fmt: skip
"""The imported tables and the only columns that are read. Passwords are not among them."""

_MAGIC: Final = b"SQLite format 3\0"
_WAL_FORMAT: Final = b"\2\2"
"""The two bytes after the page size (https://www.sqlite.org/fileformat.html, offset 18)."""
_WAIT_FOR_LOCK_SECONDS: Final = 3


@dataclass(frozen=True, slots=True)
class V1File:
    """The content of the file. `other_tables` has the number of rows of each table that is not imported."""

    name: str
    tables: Mapping[str, Sequence[Row]]
    other_tables: Mapping[str, int]


def read_v1_file(path: Path) -> V1File:
    """Read a V1 file.

    Raises RequestRefusedError for a file that is missing, not SQLite, not V1's, damaged or in use.
    """
    try:
        with _open(path.resolve()) as connection:
            return _read_tables(connection, path.name)
    except OSError as error:
        raise RequestRefusedError(f"{path} can't be read: {error.strerror}") from None
    except sqlite3.DatabaseError as error:
        raise RequestRefusedError(_explain_error(path, error)) from None


@contextmanager
def _open(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the file read-only.

    SQLite writes an index beside a file with a write-ahead log, so file and log are copied to a temporary
    folder first. Without a log nobody has the file open, and `immutable` keeps SQLite from writing.
    """
    with open(path, "rb", opener=open_regular_file) as file:
        header = file.read(20)
    if not header.startswith(_MAGIC):
        raise RequestRefusedError(
            f"{path.name} isn't an SQLite file; V1 kept its data in a file such as linkedin_automation.db"
        )
    log, journal = (path.with_name(f"{path.name}{end}") for end in ("-wal", "-journal"))
    for companion in (log, journal):  # SQLite opens them itself, and would block on a pipe
        if companion.exists() and not companion.is_file():
            raise RequestRefusedError(f"{companion} beside it isn't a file: move it away")
    if header[18:] != _WAL_FORMAT:
        with closing(_connect(path, "mode=ro")) as connection:
            yield connection
    elif not log.exists() or log.stat().st_size == 0:
        with closing(_connect(path, "mode=ro&immutable=1")) as connection:
            yield connection
    else:
        with (
            TemporaryDirectory(prefix="rapport-v1-") as folder,
            closing(_connect(_copy_with_log(path, log, Path(folder)), "mode=ro")) as connection,
        ):
            yield connection


def _copy_with_log(path: Path, log: Path, folder: Path) -> Path:
    before = [(each.stat().st_size, each.stat().st_mtime_ns) for each in (path, log)]
    for each in (path, log):
        shutil.copyfile(each, folder / each.name)
    if before != [(each.stat().st_size, each.stat().st_mtime_ns) for each in (path, log)]:
        raise RequestRefusedError(f"{path.name} is being written to: stop V1, then try again")
    return folder / path.name


def _connect(path: Path, how: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.as_uri()}?{how}", uri=True, timeout=_WAIT_FOR_LOCK_SECONDS, isolation_level=None
    )
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
    connection.execute("begin")  # a consistent snapshot, also while V1 writes
    return connection


def _read_tables(connection: sqlite3.Connection, name: str) -> V1File:
    listed = connection.execute(
        "select name from sqlite_master where type = 'table' and name not like 'sqlite\\_%' escape '\\' "
        "and sql not like 'create virtual%' order by name"
    )
    present = {str(table).lower(): str(table) for (table,) in listed.fetchall()}
    tables = {
        table: _read_rows(connection, present[table], columns)
        for table, columns in IMPORTED_COLUMNS.items()
        if table in present
    }
    if not tables:
        raise RequestRefusedError(f"{name} is an SQLite file, but it has none of V1's tables")
    other_tables = {
        table: int(connection.execute(f"select count(*) from {_quoted(table)}").fetchone()[0])  # noqa: S608 -- quoted
        for folded, table in present.items()
        if folded not in IMPORTED_COLUMNS
    }
    return V1File(name, tables, other_tables)


def _read_rows(connection: sqlite3.Connection, table: str, wanted: Sequence[str]) -> Sequence[Row]:
    present = {
        str(column[1]).lower() for column in connection.execute(f"pragma table_info({_quoted(table)})")
    }
    columns = [column for column in wanted if column in present]
    if not columns:  # rows without a known column are counted too
        count = connection.execute(f"select count(*) from {_quoted(table)}").fetchone()[0]  # noqa: S608 -- quoted
        return [{}] * int(count)
    rows = connection.execute(f"select {', '.join(map(_quoted, columns))} from {_quoted(table)}")  # noqa: S608 -- quoted
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _explain_error(path: Path, error: sqlite3.DatabaseError) -> str:
    kind = getattr(error, "sqlite_errorname", "")
    if kind.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return f"{path.name} is locked by another program: stop V1, then try again"
    if kind.startswith("SQLITE_READONLY"):
        return (
            f"{path.name} holds a change that V1 did not finish: start and stop V1 once, or open a copy of "
            "the file with the journal beside it in sqlite3, then try again"
        )
    return f"{path.name} is damaged ({error}): `sqlite3 FILE .recover` may save what is left of it"
