"""Read all rows in one snapshot, as the members of a backup."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, cast

import psycopg
from psycopg import sql
from sqlalchemy import Connection, Table, text

from db.backup.contents import ABOUT, EVIDENCE, MANIFEST, About, FileEntry, Manifest, TableEntry, table_member
from db.backup.envelope import encrypt, parse_recipient
from db.backup.errors import translate_refusals
from db.backup.pack import Member, pack
from db.backup.sealed import SEALED
from db.engine import Database
from db.migrate import is_schema_current
from db.tables import Base
from worker.errors import RequestRefusedError

_PART_BYTES: Final = 4 * 1024 * 1024

Progress = Callable[[int], object]


@dataclass(frozen=True, slots=True)
class Written:
    """What was put into a backup."""

    about: About
    manifest: Manifest


def write_backup(
    database: Database,
    target: Any,  # noqa: ANN401 -- pyrage asks only for `write` and `flush`
    recipients: Sequence[str],
    *,
    evidence: Path | None = None,
    progress: Progress = lambda _: None,
) -> Written:
    """Write a backup of one snapshot to `target`, encrypted for the recipients. `progress` counts bytes.

    `database` must have no statement timeout. Raises BackupKeyError for a wrong public key, and
    RequestRefusedError if the schema isn't this version's: its tables would not be known.
    """
    keys = [parse_recipient(each) for each in recipients]
    if not keys:
        raise RequestRefusedError("no public key was given, and a backup is never written unencrypted")
    if not is_schema_current(database.engine):
        raise RequestRefusedError(
            "the tables aren't this version's: `rapport migrate` first, or use that version"
        )
    with (
        translate_refusals("Postgres refused, and no backup was made"),
        database.engine.connect() as connection,
    ):
        connection.execute(text("set transaction isolation level repeatable read, read only"))
        dump = _Dump(connection, evidence)
        encrypt(pack(dump.members(), mtime=int(dump.about.at.timestamp()), progress=progress), target, keys)
    return Written(dump.about, dump.manifest)


class _Dump:
    """The members of one snapshot."""

    manifest: Manifest

    def __init__(self, connection: Connection, evidence: Path | None) -> None:
        self._connection = connection
        self._raw = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
        self._evidence = evidence
        self.about = About(
            rapport=version("rapport"),
            revision=connection.scalar(text("select version_num from alembic_version")),
            at=cast("datetime", connection.scalar(text("select now()"))),
            keys=_read_fingerprints(connection),
        )

    def members(self) -> Iterator[Member]:
        """Yield what there is, then the manifest, which counts it."""
        yield ABOUT, self.about.model_dump_json(indent=2).encode()
        tables: list[TableEntry] = []
        left_out: list[str] = []
        for table in Base.metadata.sorted_tables:  # what others refer to comes first
            if self._may_read(table.name):
                yield from self._copy(table, tables)
            else:
                left_out.append(table.name)
        files: list[FileEntry] = []
        if self._evidence is not None:
            yield from _read_evidence(self._evidence, files)
        self.manifest = Manifest(tables=tuple(tables), left_out=tuple(left_out), evidence=tuple(files))
        yield MANIFEST, self.manifest.model_dump_json(indent=2).encode()

    def _may_read(self, table: str) -> bool:
        return bool(
            self._connection.scalar(text("select has_table_privilege(:table, 'select')"), {"table": table})
        )

    def _copy(self, table: Table, entries: list[TableEntry]) -> Iterator[Member]:
        columns = tuple(column.name for column in table.columns if column.computed is None)
        statement = sql.SQL("copy {} ({}) to stdout").format(
            sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, columns))
        )
        rows, number, digest, part = 0, 0, hashlib.sha256(), bytearray()
        with self._raw.cursor() as cursor, cursor.copy(statement) as copy:
            for line in copy:  # one row each, and a line end within a value is written as \\n
                part += line
                rows += 1
                if len(part) >= _PART_BYTES:
                    digest.update(part)
                    yield table_member(table.name, number), bytes(part)
                    number += 1
                    part.clear()
        if part:
            digest.update(part)
            yield table_member(table.name, number), bytes(part)
        entries.append(TableEntry(name=table.name, columns=columns, rows=rows, sha256=digest.hexdigest()))


def _read_fingerprints(connection: Connection) -> dict[str, tuple[str, ...]]:
    """Return the fingerprints of the keys, the latest first, of each setting whose keys encrypt something."""
    found: dict[str, tuple[str, ...]] = {}
    for variable, kinds in SEALED.items():
        if any(connection.scalar(text(f"select exists ({query})")) for _, query in kinds):
            known = text(
                "select fingerprint from key_fingerprints where variable = :name order by used_at desc"
            )
            found[variable] = tuple(connection.scalars(known, {"name": variable}))
    return found


def _read_evidence(folder: Path, entries: list[FileEntry]) -> Iterator[Member]:
    """Yield the files of the days. One that upkeep deletes meanwhile is left out."""
    for path in sorted(folder.glob("????-??-??/[!.]*")):
        try:
            content = path.read_bytes()
        except (FileNotFoundError, IsADirectoryError):
            continue
        name = path.relative_to(folder).as_posix()
        entries.append(FileEntry(name=name, bytes=len(content), sha256=hashlib.sha256(content).hexdigest()))
        yield f"{EVIDENCE}/{name}", content
