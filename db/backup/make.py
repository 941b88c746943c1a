"""Make one backup, and delete those that are too old."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from db.backup.dump import write_backup
from db.backup.targets import Target, make_name, prune
from db.engine import Database
from worker import clock


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What was written where. `left_out`: tables that this role may not read; `deleted`: old backups."""

    file: str
    at: datetime
    bytes: int
    tables: int
    rows: int
    files: int
    left_out: Sequence[str]
    deleted: Sequence[str]
    seconds: float


def make_backup(
    database_url: str,
    target: Target,
    recipients: Sequence[str],
    *,
    evidence: Path | None,
    keep: int | None,
    progress: Callable[[int], object] = lambda _: None,
) -> BackupReport:
    """Write a backup; then delete all but the newest `keep`, unless that is None. `progress` counts bytes.

    Raises RequestRefusedError if it can't be written. The target has then no new file.
    """
    began = clock.monotonic_seconds()
    name = make_name(clock.now())
    with (
        closing(
            Database(database_url, application_name="rapport backup", statement_timeout_ms=0)
        ) as database,
        target.create(name) as file,
    ):
        written = write_backup(database, file, recipients, evidence=evidence, progress=progress)
    size = next(each.bytes for each in target.list_backups() if each.name == name)
    deleted = prune(target, keep=keep) if keep is not None else ()
    manifest = written.manifest
    return BackupReport(
        file=target.describe(name),
        at=written.about.at,
        bytes=size,
        tables=len(manifest.tables),
        rows=manifest.rows,
        files=len(manifest.evidence),
        left_out=manifest.left_out,
        deleted=deleted,
        seconds=clock.monotonic_seconds() - began,
    )
