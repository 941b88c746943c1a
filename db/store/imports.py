"""Imports: what came in from files, told apart so that it can be undone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, and_, delete, exists, func, select, update
from sqlalchemy.orm import Session, aliased

from db.queries import load
from db.tables import Account, Action, Contact, Exclusion, Import, ImportChange, Interaction, SelectorHint
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
class Undone:
    """What undoing an import took out and put back. `kept`: contacts that other records hold on to."""

    contacts: int
    restored: int
    interactions: int
    exclusions: int
    kept: int


def begin(session: Session, *, account_id: int, source: ImportSource, file_name: str, by: str) -> int:
    """Note that an import begins and return its id. Another one into this account waits for the commit."""
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"import:{account_id}", 0))))
    row = Import(account_id=account_id, source=source, file_name=file_name, started_by=by)
    session.add(row)
    session.flush()
    return row.id


def finish(session: Session, import_id: int, report: Mapping[str, Any]) -> None:
    """Note that the import is whole, and what came over."""
    session.execute(
        update(Import)
        .where(Import.id == import_id)
        .values(finished_at=func.clock_timestamp(), report=dict(report))
    )


def history(session: Session, *, account: str | None = None, limit: int = 50) -> Sequence[ImportRecord]:
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


def undo(session: Session, import_id: int) -> Undone:
    """Take out what an import brought in, and put back what it changed.

    A contact that it brought in and that has actions or other interactions by now is kept. Raises
    RequestRefusedError for an import that is not there, was undone, or changed contacts that a later import
    changed again.
    """
    row = session.scalars(select(Import).where(Import.id == import_id).with_for_update()).one_or_none()
    if row is None:
        raise RequestRefusedError(f"there is no import {import_id}; `rapport import list` shows them")
    if row.undone_at is not None:
        raise RequestRefusedError(f"import {import_id} was undone already")
    _refuse_if_built_upon(session, row)
    touched = list(
        session.scalars(select(Interaction.contact_id).where(Interaction.import_id == import_id).distinct())
    )
    interactions = _rows(session, delete(Interaction).where(Interaction.import_id == import_id))
    exclusions = _rows(session, delete(Exclusion).where(Exclusion.import_id == import_id))
    session.execute(delete(SelectorHint).where(SelectorHint.import_id == import_id))
    restored = _rows(session, load("restore_contacts"), {"import_id": import_id})
    session.execute(delete(ImportChange).where(ImportChange.import_id == import_id))
    contacts = _rows(
        session,
        delete(Contact).where(
            Contact.import_id == import_id,
            ~exists().where(Action.contact_id == Contact.id),
            ~exists().where(Interaction.contact_id == Contact.id),
        ),
    )
    session.execute(load("last_greeted"), {"contacts": touched})
    kept = session.scalars(select(func.count()).where(Contact.import_id == import_id)).one()
    row.undone_at = func.now()
    return Undone(contacts, restored, interactions, exclusions, kept)


def _refuse_if_built_upon(session: Session, row: Import) -> None:
    own, later = aliased(ImportChange), aliased(ImportChange)
    built = session.scalars(
        select(Import.id)
        .join(later, later.import_id == Import.id)
        .where(
            Import.id > row.id,
            Import.undone_at.is_(None),
            exists().where(and_(own.import_id == row.id, own.contact_id == later.contact_id))
            | exists().where(and_(Contact.id == later.contact_id, Contact.import_id == row.id)),
        )
        .order_by(Import.id.desc())
        .limit(1)
    ).first()
    if built is not None:
        raise RequestRefusedError(
            f"import {built} changed the same contacts later: undo that one first, then this one"
        )


def _rows(session: Session, statement: Any, values: Mapping[str, Any] | None = None) -> int:  # noqa: ANN401 -- text or a delete
    return cast("CursorResult[Any]", session.execute(statement, values or {})).rowcount
