"""How an attempt ends: what is written to Postgres for each way, and what is kept as evidence."""

import random
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from db.store.actions import dispatch, lifecycle
from db.store.actions.gates import SKIP_REASONS, ClosedGate
from db.store.actions.lifecycle import Claim
from db.store.people import accounts, contacts
from db.store.quota import limits
from tasks.services import Services
from worker import clock, logs, metrics
from worker.browser.site import Site
from worker.errors import RapportError, Reason, StopAccountError, TryAgainError
from worker.files import make_private, make_private_folder
from worker.rules.model import ActionState
from worker.rules.policy import KEYS_RETRY_WAIT, MAX_FAILURES, retry_wait
from worker.rules.screenshot_names import screenshot_name
from worker.secrets import SESSION_UNREADABLE

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
    LOST = "lost"


@retry(
    retry=retry_if_exception_type(OperationalError),
    stop=stop_after_attempt(6),
    wait=wait_exponential_jitter(multiplier=0.2, max=5),
    reraise=True,
)
def write_done(services: Services, claim: Claim, write: Callable[[Session], bool]) -> bool:
    """Let `write` end the action as done, once, with all that belongs to it in its transaction.

    A commit whose answer was lost is settled by reading on a new connection. Raises OperationalError when
    Postgres stays away: the lease then lapses, and what happened is looked at or read again.
    """
    with services.database.transaction() as session:
        if write(session):
            return True
        return lifecycle.get_state(session, claim.action_id) == (ActionState.DONE, claim.attempt)


def record_effect(services: Services, claim: Claim, *, status: str, screenshot: str | None) -> bool:
    """Write what was proven, once; raises as `finish` does."""
    return write_done(
        services,
        claim,
        lambda session: lifecycle.record_effect(
            session, claim, status=status, text=claim.message, screenshot=screenshot
        ),
    )


def take_screenshot(services: Services, claim: Claim, site: Site, *, masked: bool) -> str | None:
    """Keep a picture of the page; return its path, or None where the browser gives none."""
    day: Path = services.settings.evidence_dir / clock.now().date().isoformat()
    path = day / screenshot_name(
        claim.account_id, claim.profile_url or claim.occasion, claim.kind, claim.attempt
    )
    try:
        make_private_folder(day)
        site.screenshot(path, masked=masked)
        if path.exists():  # the site without pages takes none
            make_private(path)
    except (RapportError, OSError) as error:
        log.warning("no_screenshot", text=str(error))
        return None
    return str(path)


def settle_failure(services: Services, claim: Claim, error: RapportError) -> Outcome:
    """Nothing was done: try again later, stop the account or leave it, as the error's class says."""
    if isinstance(error, TryAgainError):
        return postpone_action(services, claim, error)
    if isinstance(error, StopAccountError):
        return postpone_and_stop(services, claim, error)
    return end_action(services, claim, ActionState.SKIPPED, error.reason, str(error))


def postpone_action(services: Services, claim: Claim, error: TryAgainError) -> Outcome:
    """Plan it again later, or fail it after too many passing faults."""
    metrics.ERRORS.labels(error.reason, "perform").inc()
    if claim.failures + 1 >= MAX_FAILURES:
        return end_action(
            services, claim, ActionState.FAILED, Reason.TOO_MANY_ATTEMPTS, f"{error.reason} again: {error}"
        )
    wait = retry_wait(claim.failures, random.random())  # noqa: S311 -- spreading, not secrecy
    with services.database.transaction() as session:
        lifecycle.replan_action(
            session, claim, reason=error.reason, detail=str(error), wait=wait, failed=True
        )
    log.warning("action_postponed", reason=error.reason, text=str(error), wait_s=round(wait.total_seconds()))
    return Outcome.POSTPONED


def wait_for_keys(services: Services, claim: Claim) -> Outcome:
    """Our keys don't open the account's session: its actions of this kind wait, and none has failed."""
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
    """Stop the account until a person has looked; the action waits with it."""
    metrics.ERRORS.labels(error.reason, "perform").inc()
    log.error("account_stopped", reason=error.reason, text=str(error))
    with services.database.transaction() as session:
        stop_account(session, claim, error)
        lifecycle.replan_action(session, claim, reason=error.reason, detail=str(error))
    return Outcome.POSTPONED


def stop_account(session: Session, claim: Claim, error: StopAccountError) -> None:
    """Stop the account; a limit page also pauses the kind and cuts its limits when the account goes on."""
    accounts.stop_account(session, claim.account_id, error.reason)
    if error.reason is Reason.LIMIT_PAGE:
        limits.cut_limits(session, claim.account_id, claim.kind)


def settle_closed_gate(services: Services, claim: Claim, closed: ClosedGate) -> Outcome:
    """A gate is closed right before the effect: leave the person out, or wait."""
    if closed.reason in SKIP_REASONS:
        return end_action(
            services, claim, ActionState.SKIPPED, closed.reason, "the gate before the effect is closed"
        )
    with services.database.transaction() as session:
        lifecycle.replan_action(
            session, claim, reason=closed.reason, detail="a gate closed before the effect", until=closed.until
        )
    return Outcome.POSTPONED


def end_action(services: Services, claim: Claim, state: ActionState, reason: Reason, detail: str) -> Outcome:
    """End the action without an effect, and say why."""
    with services.database.transaction() as session:
        ended = lifecycle.end_action(session, claim, state, reason=reason, detail=detail)
        if ended and reason is Reason.NOT_CONNECTED:
            contacts.mark_not_connected(session, claim.contact_id)
    return Outcome.SKIPPED if state is ActionState.SKIPPED else Outcome.FAILED


def mark_uncertain(services: Services, claim: Claim, site: Site, error: RapportError) -> Outcome:
    """The click may have had its effect: keep evidence and look later. A stop page stops the account too."""
    metrics.ERRORS.labels(error.reason, "perform").inc()
    log.error("effect_uncertain", reason=error.reason, text=str(error))
    take_screenshot(services, claim, site, masked=True)
    wait = services.settings.settle_time
    with services.database.transaction() as session:
        if isinstance(error, StopAccountError):
            stop_account(session, claim, error)
        lifecycle.mark_uncertain(session, claim, reason=error.reason, detail=str(error), wait=wait)
    return Outcome.UNCERTAIN
