"""One action, start to end (design §2, steps 3-6): claim, gates, reserve; then what its kind does."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from uuid import UUID

from db.store.actions import dispatch, gates, lifecycle
from db.store.actions.lifecycle import Claim
from tasks.actions import reconcile, settle
from tasks.actions.collect import collect_page
from tasks.actions.greet import greet_contact
from tasks.actions.heartbeat import LeaseGuard, hold_lease
from tasks.actions.intent import release_unit
from tasks.actions.settle import Outcome
from tasks.actions.visit import visit_profile
from tasks.actions.withdraw import withdraw_invitation
from tasks.campaigns.drafting import reword_greeting
from tasks.quota import Grant, make_reservation_id, site_health
from tasks.services import Services
from worker import logs, metrics
from worker.errors import RapportError, Reason, TryAgainError
from worker.failpoint import trigger_failpoint
from worker.rules.model import ActionState, Kind
from worker.rules.quota.model import Decision

log = logs.get_logger(__name__)

_EXECUTORS: Mapping[Kind, Callable[[Services, Claim, LeaseGuard, Grant], Outcome]] = {
    Kind.GREET: greet_contact,
    Kind.VISIT: visit_profile,
    Kind.COLLECT: collect_page,
    Kind.WITHDRAW: withdraw_invitation,
}
"""What each kind does with its unit. An error that one raises means that nothing was done."""


def perform_action(services: Services, action_id: UUID) -> Outcome:
    """Carry out one action if it is still there to be claimed, and leave it in a state with a reason."""
    with services.database.transaction() as session:
        claim = lifecycle.claim_action(
            session, action_id, owner=services.worker_name, lease=services.settings.lease
        )
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
        trigger_failpoint("after_claim")
        with hold_lease(services, claim) as hold:
            outcome = _run(services, claim, hold)
        log.info("action_ended", outcome=outcome, looking=claim.looking)
    metrics.ACTIONS.labels(claim.kind, outcome).inc()
    if claim.kind is Kind.GREET:
        metrics.BIRTHDAY_MESSAGES.labels(outcome).inc()
    return outcome


def _run(services: Services, claim: Claim, hold: LeaseGuard) -> Outcome:
    if not services.can_open(claim.session):
        return settle.wait_for_keys(services, claim)
    return reconcile.reconcile_action(services, claim) if claim.looking else _attempt(services, claim, hold)


def _attempt(services: Services, claim: Claim, hold: LeaseGuard) -> Outcome:
    with services.database.transaction() as session:
        closed = gates.find_closed_gate(session, claim)
    if closed is not None:
        return settle.settle_closed_gate(services, claim, closed)
    reworded = reword_greeting(services, claim) if claim.kind is Kind.GREET else claim
    if isinstance(reworded, Reason):
        return settle.end_action(
            services,
            claim,
            ActionState.SKIPPED,
            reworded,
            "written for another day, and this one has no text",
        )
    claim = reworded
    reservation = make_reservation_id(claim.action_id, claim.attempt)
    try:
        grant = services.quota.reserve(claim.account_id, claim.kind, str(claim.campaign_id), reservation)
    except TryAgainError as error:
        return settle.postpone_action(services, claim, error)
    decision = grant.decision
    _show_remaining(claim, decision)
    trigger_failpoint("after_reserve")
    if decision.reason is not None and decision.retry_at is not None:
        with services.database.transaction() as session:
            dispatch.postpone_others(session, claim, reason=decision.reason, until=decision.retry_at)
            lifecycle.replan_action(
                session, claim, reason=decision.reason, detail="the quota says later", until=decision.retry_at
            )
        return Outcome.DENIED
    try:
        return _EXECUTORS[claim.kind](services, claim, hold, grant)
    except RapportError as error:
        return release_unit(
            services, grant, settle.settle_failure(services, claim, error), site_health(error)
        )


def _show_remaining(claim: Claim, decision: Decision) -> None:
    if decision.remaining is not None:
        for period, left in asdict(decision.remaining).items():
            metrics.RATE_LIMIT_REMAINING.labels(str(claim.account_id), claim.kind, period).set(left)
