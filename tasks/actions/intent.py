"""Write the intent before an effect, after checking every gate again."""

from sqlalchemy.exc import OperationalError

from db.engine import commit_with_next
from db.store.actions import gates, lifecycle
from db.store.actions.claims import Claim
from db.store.actions.gates import ClosedGate
from tasks.quota import Grant
from tasks.services import Services
from worker.errors import Reason, TryAgainError
from worker.rules.model import ActionState, Kind
from worker.tracing import spans


class GateClosedError(Exception):
    """A gate was closed right before the effect, so nothing was done."""

    def __init__(self, gate: ClosedGate) -> None:
        super().__init__(f"the gate {gate.reason} is closed")
        self.gate = gate


def write_intent(services: Services, claim: Claim, grant: Grant) -> None:
    """Check every gate again and record that the effect is about to happen, in one transaction.

    For a greeting the recipient is locked from this check until the commit, so that of two accounts that know
    the same person only one writes today.

    Raises GateClosedError, or TryAgainError if the claim was lost. If the commit's reply is lost, the state
    is read on a new connection.
    """
    with spans.span("write intent"):
        _write(services, claim, grant)


def _write(services: Services, claim: Claim, grant: Grant) -> None:
    if not services.quota.start(grant):
        raise GateClosedError(ClosedGate(Reason.QUOTA_CHANGED))
    try:
        with services.database.transaction() as session:
            if claim.kind is Kind.GREET:
                gates.lock_recipient(session, claim)
            facts, epoch = gates.read_facts(session, claim, lock_epoch=True)
            closed = gates.find_closed_gate(session, claim, hours=grant.context.limits.hours, facts=facts)
            if closed is not None:
                raise GateClosedError(closed)
            if epoch != grant.context.epoch:
                raise GateClosedError(ClosedGate(Reason.QUOTA_CHANGED))
            commit_with_next(session)
            intended = lifecycle.write_intent(session, claim)
    except OperationalError:
        with services.database.transaction() as session:
            intended = lifecycle.get_state(session, claim.action_id) == (ActionState.ACTING, claim.attempt)
    if not intended:
        raise TryAgainError(Reason.LEASE_LOST, "another worker or a person has taken the action over")
