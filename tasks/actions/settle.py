"""Settle an attempt: record each possible outcome in Postgres, and commit or release its unit."""

import random
from collections.abc import Callable
from enum import StrEnum

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from db.engine import Executor
from db.store.actions import dispatch, lifecycle, refusals
from db.store.actions.claims import Claim
from db.store.actions.gates import SKIP_REASONS, WAITS_TOGETHER, ClosedGate
from db.store.people import contacts
from tasks.actions.evidence import take_screenshot, take_stop_screenshot
from tasks.quota import Grant
from tasks.services import Services
from tasks.stopping import stop_account
from worker import clock, logs, metrics
from worker.browser.site import Site
from worker.errors import RapportError, Reason, StopAccountError, TryAgainError, UnknownDialogError
from worker.failpoint import trigger_failpoint
from worker.rules.model import ActionState
from worker.rules.policy import (
    KEYS_RETRY_WAIT,
    MAX_FAILURES,
    REFUSALS_THAT_HOLD,
    is_account_held,
    retry_wait,
)
from worker.rules.quota.breaker import Outcome as Health
from worker.rules.quota.model import Verb
from worker.rules.sites.registry import needs_check
from worker.secrets import SESSION_UNREADABLE
from worker.tracing import spans

log = logs.get_logger(__name__)


class Outcome(StrEnum):
    """How one delivery of an action's message ended."""

    DUPLICATE = "duplicate"
    DENIED = "denied"
    DONE = "done"
    SKIPPED = "skipped"
    POSTPONED = "postponed"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    NEEDS_REVIEW = "needs_review"
    PROPOSED = "proposed"
    LOST = "lost"


_until_recorded = retry(
    retry=retry_if_exception_type(OperationalError),
    stop=stop_after_attempt(6),
    wait=wait_exponential_jitter(multiplier=0.2, max=5),
    reraise=True,
)


@_until_recorded
def write_done(services: Services, claim: Claim, write: Callable[[Session], bool]) -> bool:
    """End the action as done, once, by calling `write` in one transaction.

    If the commit's reply is lost, the state is read on a new connection. Raises OperationalError if Postgres
    stays unavailable: the lease then expires, and the action is reconciled or its page read again.
    """
    with spans.span("record"), services.database.transaction() as session:
        return write(session) or _is_done(session, claim)


@_until_recorded
def record_effect(services: Services, claim: Claim, *, status: str, screenshot: str | None) -> bool:
    """Record a proven effect once, by one statement; raises as `write_done` does."""
    with spans.span("record"), services.database.single_statement() as connection:
        recorded = lifecycle.record_effect(
            connection, claim, status=status, text=claim.message, screenshot=screenshot
        )
        return recorded or _is_done(connection, claim)


def _is_done(session: Executor, claim: Claim) -> bool:
    return lifecycle.get_state(session, claim.action_id) == (ActionState.DONE, claim.attempt)


def record_proven_effect(
    services: Services, claim: Claim, grant: Grant, site: Site, *, status: str
) -> Outcome:
    """Record an effect that the open page proves, with a screenshot, and commit its unit."""
    trigger_failpoint("after_proof")
    screenshot = take_screenshot(services, claim, site, masked=False)
    recorded = record_effect(services, claim, status=status, screenshot=screenshot)
    trigger_failpoint("after_record")
    if recorded:
        services.quota.settle(grant, Verb.COMMIT, Health.SUCCESS)
    return Outcome.DONE if recorded else Outcome.LOST


def release_unit(services: Services, grant: Grant, health: Health = Health.NONE) -> None:
    """Release the unit: certainly nothing was done. `health` is what the attempt showed about the site."""
    services.quota.settle(grant, Verb.RELEASE, health)


def settle_failure(services: Services, claim: Claim, error: RapportError) -> Outcome:
    """Settle an action that had no effect: retry it, stop the account or skip it, by the error's class."""
    if isinstance(error, TryAgainError):
        return postpone_action(services, claim, error)
    if isinstance(error, StopAccountError):
        return postpone_and_stop(services, claim, error)
    if error.reason is Reason.NOT_CONNECTED and (held := _find_hold(services, claim)) is not None:
        return postpone_and_stop(services, claim, held)
    return end_action(services, claim, ActionState.SKIPPED, error.reason, str(error))


def _find_hold(services: Services, claim: Claim) -> StopAccountError | None:
    """Return the error that stops the account, if a real site has now refused too many greetings in a row.

    The people of these greetings are marked as connected again: the site refuses the account, not them.
    """
    if not needs_check(claim.site):
        return None
    with services.database.transaction() as session:
        earlier = refusals.list_latest_refusals(session, claim.account_id, limit=REFUSALS_THAT_HOLD - 1)
        if not is_account_held([True, *(each is not None for each in earlier)]):
            return None
        contacts.mark_connected(session, [each for each in earlier if each is not None])
    return StopAccountError(
        Reason.ACCOUNT_HELD,
        f"the site let nothing be sent to {REFUSALS_THAT_HOLD} connections in a row: it may hold the account",
    )


def postpone_action(services: Services, claim: Claim, error: TryAgainError) -> Outcome:
    """Plan the action again later, or fail it after too many transient failures."""
    metrics.ERRORS.labels(error.reason, "perform").inc()
    if claim.failures + 1 >= MAX_FAILURES:
        return end_action(
            services, claim, ActionState.FAILED, Reason.TOO_MANY_ATTEMPTS, f"{error.reason} again: {error}"
        )
    wait = retry_wait(claim.failures, random.random())  # noqa: S311 -- jitter, not cryptography
    with services.database.transaction() as session:
        lifecycle.replan_action(
            session, claim, reason=error.reason, detail=str(error), wait=wait, failed=True
        )
    log.warning("action_postponed", reason=error.reason, text=str(error), wait_s=round(wait.total_seconds()))
    return Outcome.POSTPONED


def wait_for_keys(services: Services, claim: Claim) -> Outcome:
    """Postpone the account's actions of this kind: no key decrypts its session. Counts no failure."""
    metrics.ERRORS.labels(Reason.NOT_SIGNED_IN, "perform").inc()
    log.error("session_not_opened", text=SESSION_UNREADABLE)
    with services.database.transaction() as session:
        if claim.looking:
            lifecycle.schedule_next_look(
                session,
                claim,
                reason=Reason.NOT_SIGNED_IN,
                detail=SESSION_UNREADABLE,
                wait=KEYS_RETRY_WAIT,
                absent=None,
            )
            return Outcome.UNCERTAIN
        until = clock.now() + KEYS_RETRY_WAIT
        dispatch.postpone_others(
            session, claim, reason=Reason.NOT_SIGNED_IN, detail=SESSION_UNREADABLE, until=until
        )
        lifecycle.replan_action(
            session, claim, reason=Reason.NOT_SIGNED_IN, detail=SESSION_UNREADABLE, until=until
        )
    return Outcome.POSTPONED


def postpone_and_stop(services: Services, claim: Claim, error: StopAccountError) -> Outcome:
    """Stop the account until a person has looked, and plan the action again for then."""
    metrics.ERRORS.labels(error.reason, "perform").inc()
    log.error("account_stopped", reason=error.reason, text=str(error))
    take_stop_screenshot(services, claim)
    with services.database.transaction() as session:
        stop_account(session, claim.account_id, claim.kind, error, action_id=claim.action_id)
        lifecycle.replan_action(session, claim, reason=error.reason, detail=str(error))
    return Outcome.POSTPONED


def settle_closed_gate(services: Services, claim: Claim, closed: ClosedGate) -> Outcome:
    """Skip, postpone or propose the action, because a gate is closed right before the effect."""
    if closed.reason in SKIP_REASONS:
        return end_action(services, claim, ActionState.SKIPPED, closed.reason, refusals.CLOSED_GATE)
    with services.database.transaction() as session:
        if closed.reason is Reason.AWAITING_APPROVAL:
            proposed = lifecycle.propose_again(
                session,
                claim,
                reason=closed.reason,
                detail="its site's first messages are approved by a person",
            )
            return Outcome.PROPOSED if proposed else Outcome.LOST
        if closed.reason in WAITS_TOGETHER and closed.until is not None:
            dispatch.postpone_others(session, claim, reason=closed.reason, until=closed.until)
        lifecycle.replan_action(
            session, claim, reason=closed.reason, detail="a gate closed before the effect", until=closed.until
        )
    return Outcome.POSTPONED


def end_action(services: Services, claim: Claim, state: ActionState, reason: Reason, detail: str) -> Outcome:
    """End the action without an effect, with the reason; `state` is SKIPPED or FAILED."""
    with services.database.transaction() as session:
        ended = lifecycle.end_action(session, claim, state, reason=reason, detail=detail)
        if ended and reason is Reason.NOT_CONNECTED:
            contacts.mark_not_connected(session, claim.contact_id)
    return Outcome.SKIPPED if state is ActionState.SKIPPED else Outcome.FAILED


def mark_uncertain(services: Services, claim: Claim, site: Site, error: RapportError) -> Outcome:
    """Mark an effect that may have happened, to be reconciled later. A stop page also stops the account.

    A dialog that nobody knows is asked of a person at once, with the picture.
    """
    metrics.ERRORS.labels(error.reason, "perform").inc()
    log.error("effect_uncertain", reason=error.reason, text=str(error))
    take_screenshot(services, claim, site, masked=True)
    wait = services.settings.settle_time
    with services.database.transaction() as session:
        if isinstance(error, StopAccountError):
            stop_account(session, claim.account_id, claim.kind, error, action_id=claim.action_id)
        lifecycle.mark_uncertain(session, claim, reason=error.reason, detail=str(error), wait=wait)
        if isinstance(error, UnknownDialogError):
            lifecycle.mark_needs_review(session, claim, reason=error.reason, detail=str(error))
            return Outcome.NEEDS_REVIEW
    return Outcome.UNCERTAIN
