"""The kill switch: one row stops all accounts."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.tables import KillSwitch


@dataclass(frozen=True, slots=True)
class PulledSwitch:
    """The kill switch is on: since when, and by whom."""

    at: datetime
    by: str


def pull_kill_switch(session: Session, by: str) -> None:
    """Stop all accounts at the next gate. Of two pulls the first counts."""
    session.execute(insert(KillSwitch).values(pulled_by=by).on_conflict_do_nothing())


def release_kill_switch(session: Session) -> bool:
    """Release the kill switch; return whether it was on."""
    return session.execute(delete(KillSwitch).returning(KillSwitch.id)).first() is not None


def get_kill_switch(session: Session) -> PulledSwitch | None:
    """Return who pulled the kill switch and when; None while it is off."""
    row = session.scalar(select(KillSwitch))
    return PulledSwitch(row.pulled_at, row.pulled_by) if row else None
