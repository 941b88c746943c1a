"""`rapport restore`: fill an empty database from a backup."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer
from pydantic import BaseModel
from pyrage import x25519

from api_stub.cli.backups.display import (
    file_size,
    format_age,
    format_instant,
    open_for_reading,
    show_bytes,
)
from api_stub.cli.context import (
    DEFAULT_DATA,
    AsJson,
    DataDir,
    get_terminal_user,
    print_answer,
    translate_database_errors,
)
from api_stub.cli.formatting import print_text
from api_stub.cli.servers.local_servers import has_database, load_settings
from api_stub.cli.stack.migrate import migrate_and_seed
from api_stub.stack.lock import Purpose, read_holder
from api_stub.stack.stack import Stack
from db.backup.envelope import read_identity
from db.backup.load import check_revision, check_unused, load_backup, read_evidence
from db.backup.sealed import explain_keys, list_missing_keys
from db.backup.unpack import Verified, verify_backup
from db.engine import Database
from db.exports.atomic_file import open_atomic_file
from worker import clock
from worker.errors import RequestRefusedError
from worker.files import make_private_folder
from worker.rules.wording.counts import format_count
from worker.secrets import Vault
from worker.settings import Settings, variable_name

_UNUSED_REDIS: Final = "redis://not-started"


@dataclass(frozen=True, slots=True)
class _Options:
    dry_run: bool
    without_keys: bool
    nothing_lost: bool


class RestoreReport(BaseModel):
    """What was restored, or would be: `done` says which. `unopened` needs keys that are not here."""

    done: bool
    file: str
    at: str
    rapport: str
    revision: str
    tables: int
    rows: int
    files: int
    left_out: tuple[str, ...]
    unopened: list[str]


def restore(
    file: Annotated[str, typer.Argument(help="The file of the backup, or its address such as s3://….")],
    key: Annotated[Path, typer.Option("--key", help="The file of the backup's private key.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be restored.")] = False,
    without_keys: Annotated[
        bool,
        typer.Option("--without-keys", help="Restore although sign-ins can't be decrypted by the keys here."),
    ] = False,
    nothing_sent_since: Annotated[
        bool,
        typer.Option("--nothing-sent-since", help="Rapport has not run since the backup was made: a move."),
    ] = False,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Fill an empty database from a backup, and bring it up to date: all of it, or nothing.

    The whole file is verified first. Afterwards everything is stopped: see to what docs/backup.md lists, then
    `rapport resume-everything`. Nobody who was greeted after the backup is greeted again: before each
    greeting, Rapport looks for messages of that time in the thread. What may have been sent then counts as
    used, so that there may be nothing left of today's limits. Only after a move, give --nothing-sent-since.

    DATABASE_URL must name the owner of the tables, as for `rapport migrate`. Without it, the database of the
    data folder is filled; it is made if there is none. A backup at an address is copied to a temporary file
    first (TMPDIR).
    """
    identity = read_identity(key)
    options = _Options(dry_run=dry_run, without_keys=without_keys, nothing_lost=nothing_sent_since)
    with open_for_reading(file) as backup:
        verified, unopened = _restore(backup.path, identity, data=data, options=options)
    report = _report(backup.origin, verified, unopened, done=not dry_run)
    if as_json:
        print_answer(report)
        return
    for line in _describe(report, verified):
        print_text(line)


def _restore(
    file: Path, identity: x25519.Identity, *, data: Path, options: _Options
) -> tuple[Verified, Sequence[str]]:
    """Verify and restore; return what is in the backup, and what no key decrypts."""
    with show_bytes("verifying", total=file_size(file)) as progress:
        verified = verify_backup(file, identity, progress=progress)
    check_revision(verified)
    settings = load_settings(data)
    unopened = list_missing_keys(verified.about, _fingerprints(settings))
    if unopened and not options.without_keys:
        raise RequestRefusedError(explain_keys(unopened, verified.about))
    if not options.dry_run:
        unopened = _fill(file, identity, verified, settings=settings, data=data, options=options)
    elif settings.database_url is not None or has_database(data):
        with _open_owner(data, settings) as (_, database):
            check_unused(database.engine)
    return verified, unopened


def _fill(
    file: Path,
    identity: x25519.Identity,
    verified: Verified,
    *,
    settings: Settings,
    data: Path,
    options: _Options,
) -> list[str]:
    """Restore, migrate, and write the evidence. Return what no key decrypts."""
    can_open = {vault.variable: vault.can_open for vault in _vaults(settings)}
    with _open_owner(data, settings) as (url, database):
        with show_bytes("restoring", total=file_size(file)) as progress:
            restored = load_backup(
                database.engine,
                file,
                identity,
                verified,
                can_open=can_open,
                without_keys=options.without_keys,
                nothing_lost=options.nothing_lost,
                by=get_terminal_user(),
                progress=progress,
            )
        migrate_and_seed(url)
    if verified.manifest.evidence:
        folder = settings.evidence_dir if settings.database_url is not None else data / "evidence"
        for name, content in read_evidence(file, identity):
            _write_evidence(folder / name, content)
    return list(restored.unopened)


@contextmanager
def _open_owner(data: Path, settings: Settings) -> Iterator[tuple[str, Database]]:
    """Open the database as its owner, with its address. The embedded one runs for this command alone."""
    with ExitStack() as stack:
        if settings.database_url is not None:
            url = settings.database_url.get_secret_value()
        else:
            url = stack.enter_context(_start_alone(data)).owner_url
        database = stack.enter_context(
            closing(Database(url, application_name="rapport restore", statement_timeout_ms=0))
        )
        with translate_database_errors():
            yield url, database


def _start_alone(data: Path) -> Stack:
    """Return the embedded database of this folder, which is made if there is none."""
    holder = read_holder(data)
    if holder is not None and holder.purpose is Purpose.STACK:
        raise RequestRefusedError(
            f"Rapport runs on {data} (pid {holder.pid}): stop it first (`rapport down`), or restore into "
            "another folder with --data"
        )
    return Stack(data, redis_url=_UNUSED_REDIS, purpose=Purpose.COMMAND)


def _vaults(settings: Settings) -> Sequence[Vault]:
    given = ((variable_name(name), getattr(settings, name)) for name in ("secret_keys", "notice_keys"))
    return [Vault(keys, variable=variable) for variable, keys in given if keys is not None]


def _fingerprints(settings: Settings) -> Mapping[str, Sequence[str]]:
    return {vault.variable: vault.fingerprints for vault in _vaults(settings)}


def _write_evidence(path: Path, content: bytes) -> None:
    make_private_folder(path.parent)
    with open_atomic_file(path, replace=True) as file:
        file.write(content)


def _report(file: str, verified: Verified, unopened: Sequence[str], *, done: bool) -> RestoreReport:
    about, manifest = verified.about, verified.manifest
    return RestoreReport(
        done=done,
        file=file,
        at=about.at.isoformat(),
        rapport=about.rapport,
        revision=about.revision,
        tables=len(manifest.tables),
        rows=manifest.rows,
        files=len(manifest.evidence),
        left_out=manifest.left_out,
        unopened=list(unopened),
    )


def _describe(report: RestoreReport, verified: Verified) -> Iterator[str]:
    age = format_age(clock.now() - verified.about.at)
    what = f"{format_count(report.rows, 'row', 'rows')} of {report.tables} tables, as of "
    what += f"{format_instant(verified.about.at)}, {age} ago"
    if report.unopened:
        yield f"no key here decrypts: {'; '.join(report.unopened)}. Sign in, subscribe or add targets again"
    if report.left_out:
        yield f"not in the backup, so make them again: {', '.join(report.left_out)}"
    if not report.done:
        yield f"would restore {what}; the backup is whole, and nothing was changed"
        return
    yield f"restored {what}"
    yield (
        "everything is stopped. What happened since the backup is lost here: mark again who asked not to be "
        "contacted, erase again who asked for it, revoke again what was revoked (docs/backup.md). Make sure "
        "that the old Rapport doesn't run any more; then: `rapport resume-everything`"
    )
