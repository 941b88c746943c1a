"""The actions of two contacts that are one person: of two for the same occasion, one remains."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.tables import Action
from worker.errors import Reason
from worker.rules.lifecycle import check_transition
from worker.rules.model import ActionState, Kind
from worker.rules.people.merging import rank_action

_OPEN_PLANS: Final = (ActionState.PLANNED, ActionState.PROPOSED)
_MERGED_TEXT: Final = "another contact proved to be the same person"


def merge_actions(session: Session, keep: int, gone: int, actions: Sequence[Action]) -> None:
    """Move the gone contact's actions; where both have one for an occasion, the higher in rank stays."""
    kept = {(a.kind, a.occasion): a for a in actions if a.contact_id == keep}
    for action in (a for a in actions if a.contact_id == gone):
        rival = kept.get((action.kind, action.occasion))
        if rival is None:
            _place(session, action.id, contact_id=keep)
            continue
        if _rank(action) > _rank(rival):
            # a row at a time, because the unique key is checked after each
            _place(session, rival.id, occasion=f"{rival.occasion}#", contact_id=gone)
            _place(session, action.id, contact_id=keep)
            _place(session, rival.id, occasion=rival.occasion)
            _end(session, rival)
        else:
            _end(session, action)


def _rank(action: Action) -> int:
    return rank_action(ActionState(action.state), Reason(action.reason) if action.reason else None)


def _place(session: Session, action_id: UUID, **values: Any) -> None:  # noqa: ANN401 -- values of columns
    statement = update(Action).where(Action.id == action_id).values(**values)
    session.execute(statement.execution_options(synchronize_session=False))


def _end(session: Session, action: Action) -> None:
    """Skip an action that lost. One that may have had its effect keeps its date, so that it still counts."""
    state = ActionState(action.state)
    if state is ActionState.UNCERTAIN:
        check_transition(state, ActionState.NEEDS_REVIEW)
        _place(session, action.id, state=ActionState.NEEDS_REVIEW, reason=Reason.MERGED, detail=_MERGED_TEXT)
        state = ActionState.NEEDS_REVIEW
    if state in {*_OPEN_PLANS, ActionState.NEEDS_REVIEW}:
        check_transition(state, ActionState.SKIPPED)
        _place(session, action.id, state=ActionState.SKIPPED, reason=Reason.MERGED, detail=_MERGED_TEXT)


def drop_plans(session: Session, contact_id: int) -> None:
    """Skip the contact's planned greetings, because its birthday is in doubt."""
    planned = select(Action.id).where(
        Action.contact_id == contact_id, Action.kind == Kind.GREET, Action.state.in_(_OPEN_PLANS)
    )
    for action_id in session.scalars(planned).all():
        _place(
            session, action_id, state=ActionState.SKIPPED, reason=Reason.MERGED,
            detail="two contacts of this person have different birthdays",
        )  # fmt: skip
