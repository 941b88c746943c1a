"""Import runs. Each row of an import carries its id, so that the import can be undone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    Select,
    and_,
    cast,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session, aliased

from db.engine import execute_counted, unlimited_time
from db.queries import load_query
from db.store.imports import subscriptions
from db.store.people import import_lock
from db.store.quota import epochs
from db.tables import (
    Account,
    Action,
    Contact,
    Exclusion,
    Import,
    ImportChange,
    ImportDoubt,
    Interaction,
)
from worker.errors import RequestRefusedError
from worker.rules.model import ImportSource


@dataclass(frozen=True, slots=True)
class ImportRecord:
    """One import run. `finished_at` is None while it runs."""

    id: int
    account: str
    source: ImportSource
    file_name: str
    started_by: str
    started_at: datetime
    finished_at: datetime | None
    undone_at: datetime | None
    report: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class UndoReport:
    """Counts of an undone import: rows deleted, contacts restored.

    `kept`: imported contacts that stay because of their actions or interactions, or because they are on hold.
    `paused`: the id of the subscription that the import read.
    """

    contacts: int
    restored: int
    interactions: int
    exclusions: int
    kept: int
    paused: int | None = None


def begin_import(
    session: Session,
    *,
    account_id: int,
    source: ImportSource,
    file_name: str,
    by: str,
    subscription_id: int | None = None,
) -> int:
    """Insert a running import and return its id. Other imports into the account wait for the commit."""
    import_lock.lock_for_import(session, account_id)
    row = Import(
        account_id=account_id,
        source=source,
        file_name=file_name,
        started_by=by,
        subscription_id=subscription_id,
    )
    session.add(row)
    session.flush()
    return row.id


def finish_import(session: Session, import_id: int, report: Mapping[str, Any]) -> None:
    """Mark the import as finished and store its report."""
    session.execute(
        update(Import)
        .where(Import.id == import_id)
        .values(finished_at=func.clock_timestamp(), report=dict(report))
    )


def list_imports(
    session: Session, *, account: str | None = None, limit: int = 50, before: int | None = None
) -> Sequence[ImportRecord]:
    """Return the latest imports, newest first. `before` is the last id of the page before."""
    statement = _select_imports()
    if account is not None:
        statement = statement.where(Account.name == account)
    if before is not None:
        statement = statement.where(Import.id < before)
    found = session.execute(statement.order_by(Import.id.desc()).limit(limit))
    return [_record(row, name) for row, name in found]


def find_import(session: Session, import_id: int) -> ImportRecord | None:
    """Return an import, or None."""
    found = session.execute(_select_imports().where(Import.id == import_id)).one_or_none()
    return _record(*found) if found is not None else None


def find_latest_import(session: Session, account_id: int) -> int:
    """Return the id of the account's latest import: within its transaction, the one that is running."""
    return int(session.scalars(select(func.max(Import.id)).where(Import.account_id == account_id)).one())


def _select_imports() -> Select[Import, str]:
    return select(Import, Account.name).join(Account, Account.id == Import.account_id)


def _record(row: Import, account: str) -> ImportRecord:
    return ImportRecord(
        row.id, account, ImportSource(row.source), row.file_name, row.started_by, row.started_at,
        row.finished_at, row.undone_at, row.report,
    )  # fmt: skip


def undo_import(session: Session, import_id: int) -> UndoReport:
    """Delete what an import added and restore what it changed.

    An imported contact that is on hold, or has actions or other interactions, is kept, with its
    do-not-contact, which a person may have set since. If interactions are deleted, the quota's counters are
    rebuilt. Raises RequestRefusedError if the import is unknown, was already undone, or a later import builds
    on it.
    """
    owner = session.scalar(select(Import.account_id).where(Import.id == import_id))
    if owner is None:
        raise RequestRefusedError(f"there is no import {import_id}; `rapport import list` shows them")
    import_lock.lock_for_import(session, owner)
    row = session.scalars(select(Import).where(Import.id == import_id).with_for_update()).one()
    if row.undone_at is not None:
        raise RequestRefusedError(f"import {import_id} was already undone")
    _refuse_if_built_on(session, row)
    with unlimited_time(session):
        return _undo(session, row)


def _undo(session: Session, row: Import) -> UndoReport:
    import_id, owner = row.id, row.account_id
    interactions = execute_counted(session, delete(Interaction).where(Interaction.import_id == import_id))
    exclusions = execute_counted(session, delete(Exclusion).where(Exclusion.import_id == import_id))
    restored = execute_counted(session, load_query("restore_contacts"), {"import_id": import_id})
    session.execute(delete(ImportChange).where(ImportChange.import_id == import_id))
    session.execute(delete(ImportDoubt).where(ImportDoubt.import_id == import_id))
    # Lock in a statement of its own, so that the delete sees a plan that was committed while we waited.
    session.execute(
        select(Contact.id).where(Contact.import_id == import_id).order_by(Contact.id).with_for_update()
    ).all()
    its_day = cast(func.timezone(Account.time_zone, func.now()), Date)
    today = select(its_day).where(Account.id == owner).scalar_subquery()
    contacts = execute_counted(
        session,
        delete(Contact).where(
            Contact.import_id == import_id,
            ~exists().where(Action.contact_id == Contact.id),
            ~exists().where(Interaction.contact_id == Contact.id),
            or_(Contact.hold_until.is_(None), Contact.hold_until <= today),
        ),
    )
    session.execute(load_query("last_greeted"), {"import_id": import_id})
    if interactions:
        epochs.reset_breakers(session, owner, ())
    kept = session.scalars(select(func.count()).where(Contact.import_id == import_id)).one()
    row.undone_at = func.now()
    paused = subscriptions.pause_after_undo(session, import_id)
    return UndoReport(contacts, restored, interactions, exclusions, kept, paused)


def _refuse_if_built_on(session: Session, row: Import) -> None:
    """Raise RequestRefusedError if a later import changed the same contacts, or used this import's rows."""
    own, later = aliased(ImportChange), aliased(ImportChange)
    dependencies: list[ColumnElement[bool]] = [
        exists().where(and_(own.import_id == row.id, own.contact_id == later.contact_id)),
        exists().where(and_(Contact.id == later.contact_id, Contact.import_id == row.id)),
    ]
    if row.source == ImportSource.V1:  # a later V1 import skips what an earlier one added
        dependencies.append(and_(Import.account_id == row.account_id, Import.source == ImportSource.V1))
    built = session.scalars(
        select(Import.id)
        .outerjoin(later, later.import_id == Import.id)
        .where(Import.id > row.id, Import.undone_at.is_(None), or_(*dependencies))
        .order_by(Import.id.desc())
        .limit(1)
    ).first()
    if built is not None:
        raise RequestRefusedError(
            f"import {built} came later and builds on this one: undo import {built} first, then this one"
        )
