"""Restore a backup into an empty database, in one transaction."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Final, cast

import psycopg
from psycopg import sql
from pyrage import x25519
from sqlalchemy import BigInteger, Connection, Engine, exists, func, literal_column, select, text
from sqlalchemy import table as named

from db.backup.contents import EVIDENCE, TABLES, TableEntry
from db.backup.errors import BackupDamagedError, translate_refusals
from db.backup.sealed import SEALED, explain_keys
from db.backup.unpack import BackupReading, Verified
from db.migrate import list_revisions, lock_for_migration, move_schema
from db.tables import Base
from worker.errors import RequestRefusedError

Progress = Callable[[int], object]
CanOpen = Callable[[bytes], bool]

_FILLED_BY_ITSELF: Final = frozenset(
    {
        "message_templates",
        "upkeep_jobs",
        "key_fingerprints",
        "refused_messages",
        "mark_matches",
        "recent_changes",
    }
)
"""Tables with rows in a database that nobody has used yet: of the migration, and of idle processes."""
_IDS_LEFT_OUT: Final = 1000
"""Ids given after the backup are known elsewhere: to Redis, in links and logs. They are not given again."""
_POSITIONS_LEFT_OUT: Final = 1_000_000
"""No reader of the feed can have reached a position that is given after a restoration: each begins anew."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored. `unopened` are values that no given key decrypts, in words."""

    tables: int
    rows: int
    unopened: Sequence[str]


def check_revision(verified: Verified) -> None:
    """Raise RequestRefusedError if this version can't restore the backup."""
    revision = verified.about.revision
    if revision not in list_revisions():
        raise RequestRefusedError(
            f"the backup's tables are of revision {revision}, made by Rapport {verified.about.rapport}, and "
            "this version doesn't know it: use that version or a newer one"
        )


def check_unused(engine: Engine) -> None:
    """Raise RequestRefusedError if the database has any rows but those of a new one."""
    with engine.connect() as connection:
        _require_unused(connection)


def load_backup(
    engine: Engine,
    path: Path,
    identity: x25519.Identity,
    verified: Verified,
    *,
    can_open: Mapping[str, CanOpen],
    without_keys: bool,
    by: str,
    nothing_lost: bool = False,
    progress: Progress = lambda _: None,
) -> Restored:
    """Fill the database from a verified backup. All rows are there afterwards, or none.

    Everything is stopped by the kill switch until a person has looked, and nobody stays signed in to the
    console. `can_open` has for each setting whether one of its keys decrypts a value; what none decrypts is
    an error unless `without_keys`. `nothing_lost`: nothing has happened since the backup. Raises
    RequestRefusedError, also if the database is in use.
    """
    check_revision(verified)
    check_unused(engine)
    refusal = "Postgres refused, and nothing was restored. DATABASE_URL must name the owner of the tables"
    with translate_refusals(refusal):
        move_schema(engine, verified.about.revision)
    with translate_refusals(refusal), engine.begin() as connection:
        lock_for_migration(connection)
        _require_unused(connection)
        _fill(connection, BackupReading(path, identity, progress=progress), verified)
        unopened = list(_list_unopened(connection, can_open))
        if unopened and not without_keys:
            raise RequestRefusedError(explain_keys(unopened, verified.about))
        if not nothing_lost:
            _mark_lost_time(connection, verified, by)
        _mark_restored(connection, verified, by)
    return Restored(len(verified.manifest.tables), verified.manifest.rows, unopened)


def _require_unused(connection: Connection) -> None:
    if not connection.scalar(text("select to_regclass('alembic_version') is not null")):
        return
    known = set(
        connection.scalars(text("select tablename from pg_tables where schemaname = current_schema()"))
    )
    for table in Base.metadata.sorted_tables:
        if table.name in known - _FILLED_BY_ITSELF and connection.scalar(select(exists(select(table)))):
            raise RequestRefusedError(
                f"this database is in use: it has rows in {table.name}. A backup is restored into an empty "
                "one, and nothing was changed: give another DATABASE_URL, or another folder with --data"
            )


def _fill(connection: Connection, reading: BackupReading, verified: Verified) -> None:
    """Copy every table. Triggers are off: what they would write is in the backup too."""
    tables = {entry.name: entry for entry in verified.manifest.tables}
    raw = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    for name in tables:
        raw.execute(sql.SQL("alter table {} disable trigger user").format(sql.Identifier(name)))
    everything = sql.SQL(", ").join(map(sql.Identifier, tables))
    raw.execute(sql.SQL("truncate {} cascade").format(everything))
    for name, parts in groupby(reading.members(), lambda member: _table_of(member[0])):
        if name:
            _copy(raw, tables[name], (content for _, content in parts))
    if reading.verified != verified:
        raise BackupDamagedError("the backup is another one than a moment ago; nothing was restored")
    for name, entry in tables.items():
        raw.execute(sql.SQL("alter table {} enable trigger user").format(sql.Identifier(name)))
        for column in entry.columns:
            _skip_ids(connection, name, column)


def _table_of(member: str) -> str:
    folder, _, rest = member.partition("/")
    return rest.partition("/")[0] if folder == TABLES else ""


def _copy(raw: "psycopg.Connection[Any]", entry: TableEntry, parts: Iterator[bytes]) -> None:
    statement = sql.SQL("copy {} ({}) from stdin").format(
        sql.Identifier(entry.name), sql.SQL(", ").join(map(sql.Identifier, entry.columns))
    )
    with raw.cursor() as cursor, cursor.copy(statement) as copy:
        for part in parts:
            copy.write(part)


def _skip_ids(connection: Connection, table: str, column: str) -> None:
    names = {"table": table, "column": column}
    if sequence := connection.scalar(text("select pg_get_serial_sequence(:table, :column)"), names):
        highest = connection.scalar(
            select(func.max(literal_column(column, BigInteger))).select_from(named(table))
        )
        connection.execute(
            text("select setval(:sequence, :id)"),
            {"sequence": sequence, "id": (highest or 0) + _IDS_LEFT_OUT},
        )


def _list_unopened(connection: Connection, can_open: Mapping[str, CanOpen]) -> Iterator[str]:
    for variable, kinds in SEALED.items():
        for what, query in kinds:
            for name, sealed in connection.execute(text(query)):
                if variable not in can_open or not can_open[variable](bytes(sealed)):
                    yield f"{what} {name} ({variable})"


def _mark_restored(connection: Connection, verified: Verified, by: str) -> None:
    """Stop everything, and end what may have been revoked since the backup."""
    given = {"by": by[:200], "at": verified.about.at}
    for statement in (
        "insert into changes (by, change, about, detail) values (:by, 'restore', '', cast(:at as text))",
        "insert into kill_switch (pulled_by) values (left('restore by ' || :by, 200)) on conflict do nothing",
        "update quota_epochs set epoch = epoch + 1",
        "update upkeep_jobs set leased_until = null",
        "delete from console_sessions",
        "delete from console_links",
        "delete from approval_links",
    ):
        connection.execute(text(statement), given)


def _mark_lost_time(connection: Connection, verified: Verified, by: str) -> None:
    """Note what may have happened since the backup: greetings, notices, and events that were read."""
    first = connection.scalar(text("select coalesce(max(last_position), 0) from event_feed")) or 0
    given = {"by": by[:200], "at": verified.about.at, "first": first + _POSITIONS_LEFT_OUT}
    for statement in (
        "insert into restores (backup_at, restored_by) values (:at, :by)",
        "update notice_deliveries set maybe_twice = true where state in ('pending', 'sending')",
        "update outbox_events set position = position + :first",
        "insert into event_feed default values on conflict do nothing",
        "update event_feed set last_position = last_position + :first, deleted_to = :first",
    ):
        connection.execute(text(statement), given)


def read_evidence(path: Path, identity: x25519.Identity) -> Iterator[tuple[str, bytes]]:
    """Yield the names and contents of the evidence in a verified backup."""
    for name, content in BackupReading(path, identity).members():
        if name.startswith(f"{EVIDENCE}/"):
            yield name.removeprefix(f"{EVIDENCE}/"), content
