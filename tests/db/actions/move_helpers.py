"""A claim, brought to any state."""

from sqlalchemy.orm import Session

from db.store.actions.claims import Claim
from tests.builders import a_contact, add_planned, an_account
from tests.db.helpers import (
    claim_action,
    queue_due_actions,
    run_without_triggers,
)
from worker.errors import Reason
from worker.rules.model import ActionState

S = ActionState


def a_claim(session: Session, slug: str = "ann") -> Claim:
    account = an_account(session)
    action_id = add_planned(session, account, a_contact(session, account, slug))
    queue_due_actions(session)
    return claim_action(session, action_id, "first")


def bring_to(session: Session, claim: Claim, state: S) -> None:
    """Put the action into any state, also by a forbidden transition."""
    change = "update actions set state = :state, reason = :reason where id = :id"
    run_without_triggers(session, change, state=state, reason=Reason.PROOF_MISSING, id=claim.action_id)
    session.expire_all()
