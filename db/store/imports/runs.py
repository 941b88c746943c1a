"""Imports: what came in from files, told apart so that it can be undone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, and_, delete, exists, func, or_, select, text, update
from sqlalchemy.orm import Session, aliased

from db.queries import load_query
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
    SelectorHint,
)
from worker.errors import RequestRefusedError
from worker.rules.model import ImportSource


@dataclass(frozen=True, slots=True)
class ImportRecord:
    """One import as a person reads it. `finished_at` is None for one that is under way."""

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
    """What undoing an import took out and put back. `kept`: contacts that other records hold on to."""

    contacts: int
    restored: int
    interactions: int
    exclusions: int
    kept: int


def begin_import(session: Session, *, account_id: int, source: ImportSource, file_name: str, by: str) -> int:
    """Note that an import begins and return its id. Another one into this account waits for the commit."""
    _lock_account(session, account_id)
    row = Import(account_id=account_id, source=source, file_name=file_name, started_by=by)
    session.add(row)
    session.flush()
    return row.id


def finish_import(session: Session, import_id: int, report: Mapping[str, Any]) -> None:
    """Note that the import is whole, and what came over."""
    session.execute(
        update(Import)
        .where(Import.id == import_id)
        .values(finished_at=func.clock_timestamp(), report=dict(report))
    )


def list_imports(session: Session, *, account: str | None = None, limit: int = 50) -> Sequence[ImportRecord]:
    """Return the latest imports, the newest first."""
    statement = select(Import, Account.name).join(Account, Account.id == Import.account_id)
    if account is not None:
        statement = statement.where(Account.name == account)
    return [
        ImportRecord(
            row.id, name, ImportSource(row.source), row.file_name, row.started_by, row.started_at,
            row.finished_at, row.undone_at, row.report,
        )
        for row, name in session.execute(statement.order_by(Import.id.desc()).limit(limit))
    ]  # fmt: skip


def undo_import(session: Session, import_id: int) -> UndoReport:
    """Take out what an import brought in, and put back what it changed.

    A contact that it brought in and that has actions or other interactions by now is kept, and so is its
    do-not-contact: a person may have said the same since. The quota's counters are rebuilt where interactions
    go. Raises RequestRefusedError for an import that is not there, was undone, or that a later one rests on.
    """
    owner = session.scalar(select(Import.account_id).where(Import.id == import_id))
    if owner is None:
        raise RequestRefusedError(f"there is no import {import_id}; `rapport import list` shows them")
    _lock_account(session, owner)
    row = session.scalars(select(Import).where(Import.id == import_id).with_for_update()).one()
    if row.undone_at is not None:
        raise RequestRefusedError(f"import {import_id} was undone already")
    _refuse_if_built_on(session, row)
    session.execute(text("set local statement_timeout = 0"))  # its statements grow with the import
    interactions = _count_rows(session, delete(Interaction).where(Interaction.import_id == import_id))
    exclusions = _count_rows(session, delete(Exclusion).where(Exclusion.import_id == import_id))
    session.execute(delete(SelectorHint).where(SelectorHint.import_id == import_id))
    restored = _count_rows(session, load_query("restore_contacts"), {"import_id": import_id})
    session.execute(delete(ImportChange).where(ImportChange.import_id == import_id))
    session.execute(delete(ImportDoubt).where(ImportDoubt.import_id == import_id))
    # Locked first, and then looked at by a statement of its own: a plan that was being made is seen.
    session.execute(
        select(Contact.id).where(Contact.import_id == import_id).order_by(Contact.id).with_for_update()
    ).all()
    contacts = _count_rows(
        session,
        delete(Contact).where(
            Contact.import_id == import_id,
            ~exists().where(Action.contact_id == Contact.id),
            ~exists().where(Interaction.contact_id == Contact.id),
        ),
    )
    session.execute(load_query("last_greeted"), {"import_id": import_id})
    if interactions:
        epochs.reset_breakers(session, owner, ())
    kept = session.scalars(select(func.count()).where(Contact.import_id == import_id)).one()
    row.undone_at = func.now()
    return UndoReport(contacts, restored, interactions, exclusions, kept)


def get_lock_key(account_id: int) -> ColumnElement[int]:
    """Return the key of the lock that an import holds alone, and a page that is read with others."""
    return func.hashtextextended(f"import:{account_id}", 0)


def is_import_running(session: Session, account_id: int) -> bool:
    """Return whether an import into the account is under way."""
    return not session.scalar(select(func.pg_try_advisory_xact_lock_shared(get_lock_key(account_id))))


def lock_out_imports(session: Session, account_id: int) -> None:
    """Let no import into the account begin until the transaction ends; one under way is waited for."""
    session.execute(select(func.pg_advisory_xact_lock_shared(get_lock_key(account_id))))


def _lock_account(session: Session, account_id: int) -> None:
    session.execute(select(func.pg_advisory_xact_lock(get_lock_key(account_id))))


def _refuse_if_built_on(session: Session, row: Import) -> None:
    """Refuse where a later import changed the same contacts, or found here what this one had brought."""
    own, later = aliased(ImportChange), aliased(ImportChange)
    rests: list[ColumnElement[bool]] = [
        exists().where(and_(own.import_id == row.id, own.contact_id == later.contact_id)),
        exists().where(and_(Contact.id == later.contact_id, Contact.import_id == row.id)),
    ]
    if row.source == ImportSource.V1:  # it leaves out whom and what an earlier one has excluded and recorded
        rests.append(and_(Import.account_id == row.account_id, Import.source == ImportSource.V1))
    built = session.scalars(
        select(Import.id)
        .outerjoin(later, later.import_id == Import.id)
        .where(Import.id > row.id, Import.undone_at.is_(None), or_(*rests))
        .order_by(Import.id.desc())
        .limit(1)
    ).first()
    if built is not None:
        raise RequestRefusedError(
            f"import {built} came later and rests on this one: undo that one first, then this one"
        )


def _count_rows(session: Session, statement: Any, values: Mapping[str, Any] | None = None) -> int:  # noqa: ANN401 -- text or a delete
    return cast("CursorResult[Any]", session.execute(statement, values or {})).rowcount
