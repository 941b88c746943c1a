"""What a run does: check a file, import it, or undo an import. Each is one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from api_stub.imports.jobs import Run, Work
from api_stub.imports.kept_files import KeptFile, require_digest
from db.engine import Database, today_in
from db.imports.merge import ImportFile, import_file, inspect_file
from db.imports.report import ImportReport
from db.imports.samples import Sample, list_samples
from db.store import audit
from db.store.imports import runs
from db.store.imports.runs import UndoReport
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from worker.errors import RequestRefusedError
from worker.rules.model import ImportSource


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """What an import of a file would do."""

    source: ImportSource
    encoding: str
    report: ImportReport
    samples: Sequence[Sample]


def check(database: Database, run: Run) -> CheckedFile:
    """Import the file, see what that does, and roll it back. Raises RequestRefusedError for a wrong file."""
    file = _inspect(run)
    with database.transaction() as session:
        owner = _find_owner(session, run)
        report = _import(session, owner, file, run)
        samples = list_samples(session, owner.id)
        session.rollback()
    return CheckedFile(file.source, file.encoding, report, samples)


def import_checked(digest: str) -> Work:
    """Return the work that imports the file with this digest, and returns the import's id."""

    def work(database: Database, run: Run) -> int:
        require_digest(_kept(run), digest)
        file = _inspect(run)
        with database.transaction() as session:
            owner = _find_owner(session, run)
            audit.record_change(session, by=run.by, change="import.file", about=owner.name)
            _import(session, owner, file, run)
            run.import_id = runs.find_latest_import(session, owner.id)
        return run.import_id

    return work


def undo(import_id: int) -> Work:
    """Return the work that undoes an import, and returns what that did."""

    def work(database: Database, run: Run) -> UndoReport:
        with database.transaction() as session:
            about = f"{run.account} {import_id}"
            audit.record_change(session, by=run.by, change="import.undo", about=about)
            return runs.undo_import(session, import_id)

    return work


def _import(session: Session, owner: AccountRecord, file: ImportFile, run: Run) -> ImportReport:
    today = today_in(session, owner.zone)
    return import_file(session, owner, file, by=run.by, today=today, progress=run.advance)


def _inspect(run: Run) -> ImportFile:
    """Return the file with the name that its sender gave it. Raises RequestRefusedError."""
    kept = _kept(run)
    try:
        file = inspect_file(kept.path, source=run.source, encoding=run.encoding)
    except RequestRefusedError as error:
        raise RequestRefusedError(str(error).replace(kept.path.name, kept.name)) from None
    run.size = file.size
    return replace(file, title=f"{kept.name}: {file.member.member}" if file.member else kept.name)


def _kept(run: Run) -> KeptFile:
    if run.kept is None:
        raise RequestRefusedError("the file isn't here any more: send it again")
    return run.kept


def _find_owner(session: Session, run: Run) -> AccountRecord:
    owner = accounts.find_account(session, run.account)
    if owner is None:
        raise RequestRefusedError(f"there is no account called {run.account!r} any more")
    return owner
