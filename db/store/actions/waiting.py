"""Planned actions that wait until a person or a check has decided something."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from db.tables import Action
from worker.errors import Reason
from worker.rules.model import ActionState


def make_due(session: Session, reasons: Collection[Reason], whose: ColumnElement[bool]) -> None:
    """Make the planned actions due now that meet the condition `whose` and wait for one of these reasons."""
    # Lock in the order of ids, like every change of many actions: otherwise transactions could deadlock.
    waiting = (
        select(Action.id)
        .where(whose, Action.state == ActionState.PLANNED, Action.reason.in_(reasons))
        .order_by(Action.id)
        .with_for_update()
    )
    session.execute(
        update(Action)
        .where(Action.id.in_(waiting))
        .values(not_before=func.now())
        .execution_options(synchronize_session=False)
    )
