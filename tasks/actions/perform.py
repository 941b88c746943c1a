"""Carry out one action from start to end: claim, gates, reservation, then what its kind does."""

from contextlib import AbstractContextManager
from datetime import timedelta
from uuid import UUID

from db.store.actions import claims, dispatch, gates, lifecycle
from db.store.actions.claims import Claim
from tasks.actions import settle
from tasks.actions.conversation.name_check import NameDiffersError, propose_corrected
from tasks.actions.heartbeat import LeaseGuard, hold_lease
from tasks.actions.intent import GateClosedError
from tasks.actions.kinds import ACTION_TYPES, ActionType
from tasks.actions.reconcile import reconcile_action
from tasks.actions.settle import Outcome
from tasks.actions.traces import record_trace
from tasks.quota import Grant, make_reservation_id, site_health
from tasks.services import Services
from worker import logs, metrics
from worker.errors import RapportError, Reason
from worker.failpoint import trigger_failpoint
from worker.rules.quota.breaker import Outcome as Health
from worker.rules.wire.trace_ids import campaign_span
from worker.tracing import spans
from worker.tracing.spans import Attributes, OpenSpan

log = logs.get_logger(__name__)

_TRACED = frozenset(
    (
        Outcome.FAILED,
        Outcome.LOST,
        Outcome.NEEDS_REVIEW,
        Outcome.POSTPONED,
        Outcome.PROPOSED,
        Outcome.UNCERTAIN,
    )
)
"""Failures and doubts. If a gate closed after a page was opened, that is traced too."""


def perform_action(services: Services, action_id: UUID) -> Outcome:
    """Carry out one action if it can still be claimed, and leave it in a state with a reason."""
    claim = claim_action(services, action_id)
    return Outcome.DUPLICATE if claim is None else perform_claimed(services, claim)


def claim_action(services: Services, action_id: UUID) -> Claim | None:
    """Claim the action; None if it can't be claimed any more."""
    with services.database.single_statement() as session:
        claim = claims.claim_action(
            session, action_id, owner=services.worker_name, lease=services.settings.lease
        )
    if claim is None:
        metrics.DUPLICATE_DELIVERIES.inc()
        log.info("nothing_to_claim", action=str(action_id))
    return claim


def perform_claimed(services: Services, claim: Claim) -> Outcome:
    """Carry out a claimed action, and leave it in a state with a reason."""
    with (
        logs.bound(
            correlation_id=claim.correlation_id,
            action=str(claim.action_id),
            account=claim.account_id,
            attempt=claim.attempt,
        ),
        _span(claim) as performing,
    ):
        metrics.DISPATCH_LAG.labels(claim.kind).observe(claim.late / timedelta(seconds=1))
        trigger_failpoint("after_claim")
        with record_trace(services, claim) as trace:
            with hold_lease(services, claim) as lease:
                outcome = _run(services, claim, lease)
            if outcome not in _TRACED:
                trace.drop()
        performing.set({"rapport.outcome": outcome})
        log.info("action_ended", outcome=outcome, looking=claim.looking)
    return outcome


def _span(claim: Claim) -> AbstractContextManager[OpenSpan]:
    about: Attributes = {
        "rapport.action.id": str(claim.action_id),
        "rapport.account.id": claim.account_id,
        "rapport.kind": claim.kind,
        "rapport.attempt": claim.attempt,
        "rapport.looking": claim.looking,
    }
    parent = campaign_span(claim.correlation_id, claim.campaign_id)
    return spans.story("perform", claim.correlation_id, about, parent=parent)


def _run(services: Services, claim: Claim, lease: LeaseGuard) -> Outcome:
    if not services.can_open_session(claim.session):
        return settle.wait_for_keys(services, claim)
    return reconcile_action(services, claim) if claim.looking else _attempt(services, claim, lease)


def _attempt(services: Services, claim: Claim, lease: LeaseGuard) -> Outcome:
    with spans.span("check gates") as checking, services.database.transaction() as session:
        closed = gates.find_closed_gate(session, claim, facts=claim.facts)
        checking.set({"rapport.reason": closed.reason if closed else "open"})
    if closed is not None:
        return settle.settle_closed_gate(services, claim, closed)
    kind = ACTION_TYPES[claim.kind]
    reservation = make_reservation_id(claim.action_id, claim.attempt)
    try:
        claim = kind.prepare(services, claim)
        with spans.span("reserve quota") as reserving:
            grant = services.quota.reserve(
                claim.account_id, claim.kind, str(claim.campaign_id), reservation, loaded=claim.quota
            )
            reserving.set({"rapport.reason": grant.decision.reason or grant.decision.verdict})
    except RapportError as error:
        return settle.settle_failure(services, claim, error)
    decision = grant.decision
    trigger_failpoint("after_reserve")
    if decision.reason is not None and decision.retry_at is not None:
        with services.database.transaction() as session:
            dispatch.postpone_others(session, claim, reason=decision.reason, until=decision.retry_at)
            lifecycle.replan_action(
                session, claim, reason=decision.reason, detail=None, until=decision.retry_at
            )
        return Outcome.DENIED
    outcome = _execute(services, claim, lease, grant, kind)
    if decision.retry_at is not None:
        # The others would be dispatched now, claimed, and denied because of the gap.
        with services.database.transaction() as session:
            dispatch.postpone_others(session, claim, reason=Reason.GAP, until=decision.retry_at)
    return outcome


def _execute(services: Services, claim: Claim, lease: LeaseGuard, grant: Grant, kind: ActionType) -> Outcome:
    """Carry out an action with its granted unit; release the unit on an error: nothing was done."""
    try:
        return kind.execute(services, claim, lease, grant)
    except GateClosedError as error:
        outcome, health = settle.settle_closed_gate(services, claim, error.gate), Health.NONE
    except NameDiffersError as error:
        outcome, health = propose_corrected(services, claim, error), Health.NONE
    except RapportError as error:
        outcome, health = settle.settle_failure(services, claim, error), site_health(error)
    settle.release_unit(services, grant, health)
    return outcome
