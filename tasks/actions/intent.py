"""Around an effect: last questions and the intent before it, its record after it, units not needed."""

from sqlalchemy.exc import OperationalError

from db.store.actions import gates, lifecycle
from db.store.actions.gates import ClosedGate
from db.store.actions.lifecycle import Claim
from db.store.quota.epochs import is_current_epoch
from tasks.actions import settle
from tasks.actions.settle import Outcome
from tasks.quota import Grant
from tasks.services import Services
from worker.browser.site import Site
from worker.errors import Reason, TryAgainError
from worker.failpoint import trigger_failpoint
from worker.rules.model import ActionState, Kind
from worker.rules.quota.breaker import Outcome as Health
from worker.rules.quota.model import Verb


def write_intent(services: Services, claim: Claim, grant: Grant) -> ClosedGate | None:
    """Ask every gate once more and write the intent down, in one transaction; return a gate that is closed.

    The person to be greeted is held from before the question until the intent is written, so that of two
    accounts that know one person only one writes today.

    Raises TryAgainError when the action is somebody else's by now. A commit whose answer was lost is settled
    by reading on a new connection.
    """
    if not services.quota.start(grant):
        return ClosedGate(Reason.QUOTA_CHANGED)
    try:
        with services.database.transaction() as session:
            if claim.kind is Kind.GREET:
                gates.lock_recipient(session, claim)
            closed = gates.find_closed_gate(session, claim, hours=grant.context.limits.hours)
            if closed is not None:
                return closed
            if not is_current_epoch(session, claim.account_id, grant.context.epoch):
                return ClosedGate(Reason.QUOTA_CHANGED)
            intended = lifecycle.write_intent(session, claim)
    except OperationalError:
        with services.database.transaction() as session:
            intended = lifecycle.get_state(session, claim.action_id) == (ActionState.ACTING, claim.attempt)
    if not intended:
        raise TryAgainError(Reason.LEASE_LOST, "another worker or a person has taken the action over")
    return None


def record_proven_effect(
    services: Services, claim: Claim, grant: Grant, site: Site, *, status: str
) -> Outcome:
    """Record an effect that was proven on the page shown, with a picture, and settle its unit."""
    trigger_failpoint("after_proof")
    shot = settle.take_screenshot(services, claim, site, masked=False)
    recorded = settle.record_effect(services, claim, status=status, screenshot=shot)
    trigger_failpoint("after_record")
    if recorded:
        services.quota.settle(grant, Verb.COMMIT, Health.SUCCESS)
    return Outcome.DONE if recorded else Outcome.LOST


def release_unit(services: Services, grant: Grant, outcome: Outcome, health: Health = Health.NONE) -> Outcome:
    """Give the unit back: nothing was done, surely."""
    services.quota.settle(grant, Verb.RELEASE, health)
    return outcome
