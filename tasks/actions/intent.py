"""Around an effect: last questions and the intent before it, its record after it, units not needed."""

from sqlalchemy.exc import OperationalError

from db.store.actions import gates, lifecycle
from db.store.actions.gates import Closed
from db.store.actions.lifecycle import Claim
from db.store.quota.fallback import still_in_epoch
from tasks.actions import settle
from tasks.actions.settle import Outcome
from tasks.quota import Grant
from tasks.services import Services
from worker.browser.site import Site
from worker.errors import Reason, TryAgainError
from worker.failpoint import reach
from worker.rules.model import ActionState, Kind
from worker.rules.quota.breaker import Outcome as Health
from worker.rules.quota.decision import Verb


def intend(services: Services, claim: Claim, grant: Grant) -> Closed | None:
    """Ask every gate once more and write the intent down, in one transaction; return a gate that is closed.

    The person to be greeted is held from before the question until the intent is written, so that of two
    accounts that know one person only one writes today.

    Raises TryAgainError when the action is somebody else's by now. A commit whose answer was lost is settled
    by reading on a new connection.
    """
    if not services.quota.start(grant):
        return Closed(Reason.QUOTA_CHANGED)
    try:
        with services.database.transaction() as session:
            if claim.kind is Kind.GREET:
                gates.hold_voice(session, claim)
            closed = gates.closed_gate(session, claim, hours=grant.purse.limits.hours)
            if closed is not None:
                return closed
            if not still_in_epoch(session, claim.account_id, grant.purse.epoch):
                return Closed(Reason.QUOTA_CHANGED)
            intended = lifecycle.intend(session, claim)
    except OperationalError:
        with services.database.transaction() as session:
            intended = lifecycle.state_of(session, claim.action_id) == (ActionState.ACTING, claim.attempt)
    if not intended:
        raise TryAgainError(Reason.LEASE_LOST, "another worker or a person has taken the action over")
    return None


def proven(services: Services, claim: Claim, grant: Grant, site: Site, *, status: str) -> Outcome:
    """Record an effect that was proven on the page shown, with a picture, and settle its unit."""
    reach("after_proof")
    shot = settle.take_screenshot(services, claim, site, masked=False)
    recorded = settle.record(services, claim, status=status, screenshot=shot)
    reach("after_record")
    if recorded:
        services.quota.settle(grant, Verb.COMMIT, Health.SUCCESS)
    return Outcome.DONE if recorded else Outcome.LOST


def unused(services: Services, grant: Grant, outcome: Outcome, health: Health = Health.NONE) -> Outcome:
    """Give the unit back: nothing was done, surely."""
    services.quota.settle(grant, Verb.RELEASE, health)
    return outcome
