"""Greetings that the site refused to let the account send, one after the other."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from db.tables import Action, ActionEvent
from worker.errors import Reason
from worker.rules.model import ActionState, Kind

CLOSED_GATE: Final = "the gate before the effect is closed"
"""The detail of an action that was skipped without a look at the site."""


def list_latest_refusals(session: Session, account_id: int, *, limit: int) -> Sequence[int | None]:
    """Return one entry for each of the last greetings whose conversation was opened, the newest first.

    The entry is the contact's id if nothing could be sent because the site showed no connection, and None if
    the greeting was sent.
    """
    refused = and_(
        ActionEvent.to_state == ActionState.SKIPPED,
        ActionEvent.reason == Reason.NOT_CONNECTED,
        Action.detail.is_distinct_from(CLOSED_GATE),
    )
    ended = (
        select(Action.contact_id, ActionEvent.to_state)
        .join(Action, Action.id == ActionEvent.action_id)
        .where(
            ActionEvent.account_id == account_id,
            Action.kind == Kind.GREET,
            or_(refused, ActionEvent.to_state == ActionState.DONE),
        )
        .order_by(ActionEvent.seq.desc())
        .limit(limit)
    )
    return [None if state == ActionState.DONE else contact for contact, state in session.execute(ended)]
