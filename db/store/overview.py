"""What a person watches: an account's actions with names, reasons and proofs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.tables import Action, Contact, Interaction
from worker.errors import Reason
from worker.rules.model import ActionState


@dataclass(frozen=True, slots=True)
class ActionLine:
    """One action as a display shows it. `sent` is the proven text, None until then."""

    contact: str
    profile_url: str
    occasion: str
    occasion_on: date
    state: ActionState
    reason: Reason | None
    detail: str | None
    not_before: datetime
    message: str
    sent: str | None
    screenshot: str | None


def actions_of(session: Session, account_id: int) -> Sequence[ActionLine]:
    """Return all actions of an account, the newest occasions first."""
    rows = session.execute(
        select(Action, Contact.full_name, Contact.profile_url, Interaction.message, Interaction.screenshot)
        .join(Contact, Contact.id == Action.contact_id)
        .outerjoin(Interaction, Interaction.action_id == Action.id)
        .where(Action.account_id == account_id)
        .order_by(Action.occasion_on.desc(), Contact.full_name, Action.id)
    )
    return [
        ActionLine(
            contact=full_name,
            profile_url=profile_url,
            occasion=action.occasion,
            occasion_on=action.occasion_on,
            state=ActionState(action.state),
            reason=Reason(action.reason) if action.reason else None,
            detail=action.detail,
            not_before=action.not_before,
            message=action.message,
            sent=sent,
            screenshot=screenshot,
        )
        for action, full_name, profile_url, sent, screenshot in rows
    ]
