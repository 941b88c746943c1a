"""One action, start to end (design §2, steps 3-6): claim, gates, reserve; then what its kind does."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from uuid import UUID

from db.store.actions import dispatch, gates, lifecycle
from db.store.actions.lifecycle import Claim
from tasks.actions import reconcile, settle
from tasks.actions.collect import collect
from tasks.actions.greet import greet
from tasks.actions.heartbeat import Hold, holding
from tasks.actions.intent import unused
from tasks.actions.settle import Outcome
from tasks.actions.visit import visit
from tasks.actions.withdraw import withdraw
from tasks.campaigns.drafting import reword
from tasks.quota import Grant, reservation_id, site_health
from tasks.services import Services
from worker import logs, metrics
from worker.errors import RapportError, Reason, TryAgainError
from worker.failpoint import reach
from worker.rules.model import ActionState, Kind
from worker.rules.quota.decision import Decision

log = logs.logger(__name__)

_DEEDS: Mapping[Kind, Callable[[Services, Claim, Hold, Grant], Outcome]] = {
    Kind.GREET: greet,
    Kind.VISIT: visit,
    Kind.COLLECT: collect,
    Kind.WITHDRAW: withdraw,
}
"""What each kind does with its unit. An error that one raises means that nothing was done."""


def perform(services: Services, action_id: UUID) -> Outcome:
    """Carry out one action if it is still there to be claimed, and leave it in a state with a reason."""
    with services.database.transaction() as session:
        claim = lifecycle.claim(session, action_id, owner=services.worker_name, lease=services.settings.lease)
    if claim is None:
        metrics.DUPLICATE_DELIVERIES.inc()
        log.info("nothing_to_claim", action=str(action_id))
        return Outcome.DUPLICATE
    with logs.bound(
        correlation_id=claim.correlation_id,
        action=str(action_id),
        account=claim.account_id,
        attempt=claim.attempt,
    ):
        reach("after_claim")
        with holding(services, claim) as hold:
            outcome = _outcome(services, claim, hold)
        log.info("action_ended", outcome=outcome, looking=claim.looking)
    metrics.ACTIONS.labels(claim.kind, outcome).inc()
    if claim.kind is Kind.GREET:
        metrics.BIRTHDAY_MESSAGES.labels(outcome).inc()
    return outcome


def _outcome(services: Services, claim: Claim, hold: Hold) -> Outcome:
    if not services.can_open(claim.session):
        return settle.wait_for_keys(services, claim)
    return reconcile.look(services, claim) if claim.looking else _attempt(services, claim, hold)


def _attempt(services: Services, claim: Claim, hold: Hold) -> Outcome:
    with services.database.transaction() as session:
        closed = gates.closed_gate(session, claim)
    if closed is not None:
        return settle.refuse(services, claim, closed)
    reworded = reword(services, claim) if claim.kind is Kind.GREET else claim
    if isinstance(reworded, Reason):
        return settle.end(
            services,
            claim,
            ActionState.SKIPPED,
            reworded,
            "written for another day, and this one has no text",
        )
    claim = reworded
    reservation = reservation_id(claim.action_id, claim.attempt)
    try:
        grant = services.quota.reserve(claim.account_id, claim.kind, str(claim.campaign_id), reservation)
    except TryAgainError as error:
        return settle.postpone(services, claim, error)
    decision = grant.decision
    _show_remaining(claim, decision)
    reach("after_reserve")
    if decision.reason is not None and decision.retry_at is not None:
        with services.database.transaction() as session:
            dispatch.hold_others(session, claim, reason=decision.reason, until=decision.retry_at)
            lifecycle.give_back(
                session, claim, reason=decision.reason, detail="the quota says later", until=decision.retry_at
            )
        return Outcome.DENIED
    try:
        return _DEEDS[claim.kind](services, claim, hold, grant)
    except RapportError as error:
        return unused(services, grant, settle.undone(services, claim, error), site_health(error))


def _show_remaining(claim: Claim, decision: Decision) -> None:
    if decision.remaining is not None:
        for period, left in asdict(decision.remaining).items():
            metrics.RATE_LIMIT_REMAINING.labels(str(claim.account_id), claim.kind, period).set(left)
