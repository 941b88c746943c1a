"""Actions of a contact that got another address, or whose identity a person has settled."""

from collections.abc import Collection
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.store.actions.waiting import make_due
from db.tables import Action
from worker.errors import Reason
from worker.rules.messages.approval import approval_hash
from worker.rules.model import ActionState

_WAITING: Final = (Reason.ADDRESS_MOVED, Reason.MAYBE_SAME_PERSON)


def move_approvals(session: Session, contact_id: int, former: str, address: str) -> None:
    """Bind the approvals of the contact's open actions to the new address of the same person."""
    approved = select(Action.id, Action.approval, Action.message).where(
        Action.contact_id == contact_id,
        Action.approval.is_not(None),
        Action.state.in_([ActionState.PLANNED, ActionState.QUEUED, ActionState.CLAIMED]),
    )
    for action_id, approval, message in session.execute(approved).all():
        if approval == approval_hash(former, message):
            session.execute(
                update(Action)
                .where(Action.id == action_id, Action.approval == approval)
                .values(approval=approval_hash(address, message))
                .execution_options(synchronize_session=False)
            )


def wake_actions(session: Session, contact_ids: Collection[int]) -> None:
    """Make the planned actions due now that waited for a person to say who these contacts are."""
    make_due(session, _WAITING, Action.contact_id.in_(contact_ids))
