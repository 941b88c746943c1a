"""Greetings of one contact that wait: change or drop them after a person has edited the contact."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.tables import Action, Campaign
from worker.errors import Reason, RequestRefusedError
from worker.rules.lifecycle import IN_FLIGHT, check_transition
from worker.rules.model import ActionState, Kind


@dataclass(frozen=True, slots=True)
class OpenGreeting:
    """A greeting that is proposed or planned. `options` are those of its campaign."""

    id: UUID
    account_id: int
    state: ActionState
    reason: Reason | None
    needs_approval: bool
    occasion_on: date
    message: str
    options: Mapping[str, Any]


def lock_open_greetings(session: Session, contact_id: int) -> Sequence[OpenGreeting]:
    """Lock and return the contact's proposed and planned greetings that have never acted.

    Raises RequestRefusedError while a worker has, or is about to get, one of the contact's greetings.
    """
    rows = session.execute(
        select(Action, Campaign.options)
        .join(Campaign, Campaign.id == Action.campaign_id)
        .where(
            Action.contact_id == contact_id,
            Action.kind == Kind.GREET,
            Action.state.in_([ActionState.PROPOSED, ActionState.PLANNED, *IN_FLIGHT]),
        )
        .order_by(Action.id)
        .with_for_update(of=Action)
        .execution_options(populate_existing=True)
    ).all()
    if any(action.state in IN_FLIGHT for action, _ in rows):
        raise RequestRefusedError(
            "a worker is about to send this person a greeting; nothing was changed: try again in a minute"
        )
    return [
        OpenGreeting(
            action.id, action.account_id, ActionState(action.state),
            Reason(action.reason) if action.reason else None, action.needs_approval, action.occasion_on,
            action.message, options,
        )
        for action, options in rows
        if action.acting_since is None
    ]  # fmt: skip


def drop_greeting(session: Session, greeting: OpenGreeting, reason: Reason, detail: str) -> None:
    """Skip the greeting."""
    check_transition(greeting.state, ActionState.SKIPPED)
    _update(session, greeting, state=ActionState.SKIPPED, reason=reason, detail=detail)


def change_greeting(
    session: Session,
    greeting: OpenGreeting,
    *,
    message: str,
    called: str,
    worded_for: date,
    on: date,
    expires_on: date,
    not_before: datetime | None,
) -> bool:
    """Change text and dates; return whether an approved text changed, which is proposed again.

    `not_before`: the greeting was moved to another day; None: it was not.
    """
    values: dict[str, Any] = {"message": message, "called": called, "worded_for": worded_for}
    if not_before is not None:
        values |= {"occasion_on": on, "expires_on": expires_on, "not_before": not_before}
        values |= {
            "reason": greeting.reason or Reason.SETTLED_BY_HAND,
            "detail": "its birthday was changed",
        }
    again = greeting.state is ActionState.PLANNED and greeting.needs_approval and message != greeting.message
    if again:
        check_transition(greeting.state, ActionState.PROPOSED)
        values |= {"state": ActionState.PROPOSED, "reason": Reason.AWAITING_APPROVAL, "detail": None}
        values |= {"approval": None, "approved_by": None}
    _update(session, greeting, **values)
    return again


def _update(session: Session, greeting: OpenGreeting, **values: Any) -> None:  # noqa: ANN401 -- values of columns
    session.execute(
        update(Action)
        .where(Action.id == greeting.id, Action.state == greeting.state)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
