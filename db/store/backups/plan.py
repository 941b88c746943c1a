"""The plan of the backups that upkeep makes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.tables import BackupPlan


@dataclass(frozen=True, slots=True)
class PlannedBackups:
    """Where backups are written and for which public keys. `keep` of them remain."""

    target: str
    recipients: Sequence[str]
    keep: int
    evidence: bool
    set_by: str
    set_at: datetime


def get_plan(session: Session) -> PlannedBackups | None:
    """Return the plan, or None if no backups are made."""
    row = session.scalar(select(BackupPlan))
    if row is None:
        return None
    return PlannedBackups(row.target, row.recipients, row.keep, row.evidence, row.set_by, row.set_at)


def set_plan(
    session: Session, *, target: str, recipients: Sequence[str], keep: int, evidence: bool, by: str
) -> None:
    """Set the plan, in place of another one."""
    values = {
        "target": target,
        "recipients": list(recipients),
        "keep": keep,
        "evidence": evidence,
        "set_by": by[:200],
    }
    statement = insert(BackupPlan).values(id=1, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))


def remove_plan(session: Session) -> bool:
    """Remove the plan; return whether there was one."""
    return session.execute(delete(BackupPlan).returning(BackupPlan.id)).first() is not None
