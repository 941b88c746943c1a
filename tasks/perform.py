"""One greeting, start to end (design §2, steps 3-6): claim, reserve, prepare, intend, send, prove, record."""

from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

from sqlalchemy.exc import OperationalError

from db.store import actions
from db.store.actions import Claim
from tasks import look, quota, settle
from tasks.heartbeat import Hold, holding
from tasks.services import Services
from tasks.settle import Outcome
from tasks.thread import already_there, check_recipient, open_thread, outgoing_copies
from worker import logs, metrics
from worker.browser.site import Site, Thread
from worker.errors import NeverError, RapportError, Reason, StopAccountError, TryAgainError
from worker.failpoint import reach
from worker.quota.guard import Decision
from worker.rules.model import ActionState, ThreadMessage

log = logs.logger(__name__)


def perform(services: Services, action_id: UUID) -> Outcome:
    """Carry out one action if it is still there to be claimed, and leave it in a state with a reason."""
    with services.database.transaction() as session:
        claim = actions.claim(session, action_id, owner=services.worker_name, lease=services.settings.lease)
    if claim is None:
        metrics.DUPLICATE_DELIVERIES.labels("greet").inc()
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
            outcome = look.look(services, claim) if claim.looking else _greet(services, claim, hold)
        log.info("action_ended", outcome=outcome, looking=claim.looking)
    metrics.BIRTHDAY_MESSAGES.labels(outcome).inc()
    return outcome


def _greet(services: Services, claim: Claim, hold: Hold) -> Outcome:
    with services.database.transaction() as session:
        closed = actions.closed_gate(session, claim)
    if closed is not None:
        return settle.refuse(services, claim, closed)
    purse = quota.purse(
        services, account_id=claim.account_id, zone=claim.zone, kind=claim.kind, campaign_id=claim.campaign_id
    )
    try:
        decision = services.guard.reserve(purse, quota.reservation_id(claim.action_id, claim.attempt))
    except TryAgainError as error:
        outcome = settle.postpone(services, claim, error)
        # Perhaps only the answer was lost, and the unit is taken.
        quota.give_back(services, purse, claim.action_id, claim.attempt)
        return outcome
    _show_remaining(claim, decision)
    reach("after_reserve")
    if decision.reason is not None and decision.retry_at is not None:
        with services.database.transaction() as session:
            actions.hold_others(session, claim, reason=decision.reason, until=decision.retry_at)
            actions.give_back(
                session, claim, reason=decision.reason, detail="the quota is used up", until=decision.retry_at
            )
        return Outcome.DENIED
    outcome = _prepare_and_send(services, claim, hold)
    if outcome in {Outcome.SKIPPED, Outcome.POSTPONED, Outcome.FAILED}:
        # Nothing was sent, surely: the unit goes back.
        quota.give_back(services, purse, claim.action_id, claim.attempt)
    return outcome


def _show_remaining(claim: Claim, decision: Decision) -> None:
    for period in ("run", "day", "week"):
        left = getattr(decision.remaining, period)
        metrics.RATE_LIMIT_REMAINING.labels(str(claim.account_id), claim.kind, period).set(left)


def _prepare_and_send(services: Services, claim: Claim, hold: Hold) -> Outcome:
    """Everything before the click may fail without a trace; errors are sorted by their class, each once."""
    try:
        return _open_type_send(services, claim, hold)
    except TryAgainError as error:
        return settle.postpone(services, claim, error)
    except StopAccountError as error:
        return settle.stop(services, claim, error)
    except NeverError as error:
        return settle.end(services, claim, ActionState.SKIPPED, error.reason, str(error))


def _open_type_send(services: Services, claim: Claim, hold: Hold) -> Outcome:
    """Open the right thread, type, write the intent down, click once, prove."""
    site = services.site(name=claim.site, account_id=claim.account_id, session=claim.session)
    thread = open_thread(services, site, claim)
    messages = thread.messages()
    if (reason := already_there(messages, claim)) is not None:
        return settle.end(services, claim, ActionState.SKIPPED, reason, "seen in the thread before sending")
    thread.type(claim.message)
    check_recipient(site, thread, claim)
    hold.check(services.settings.click_needs)
    if (closed := _intend(services, claim)) is not None:
        return settle.refuse(services, claim, closed)
    return _send_and_prove(services, claim, hold, thread=thread, site=site, messages=messages)


def _intend(services: Services, claim: Claim) -> Reason | None:
    """Ask every gate once more and write the intent down, in one transaction; return a gate that is closed.

    Raises TryAgainError when the action is somebody else's by now. A commit whose answer was lost is settled
    by reading on a new connection.
    """
    try:
        with services.database.transaction() as session:
            if (closed := actions.closed_gate(session, claim)) is not None:
                return closed
            intended = actions.intend(session, claim)
    except OperationalError:
        with services.database.transaction() as session:
            intended = actions.state_of(session, claim.action_id) == (ActionState.ACTING, claim.attempt)
    if not intended:
        raise TryAgainError(Reason.LEASE_LOST, "another worker or a person has taken the action over")
    return None


def _send_and_prove(
    services: Services,
    claim: Claim,
    hold: Hold,
    *,
    site: Site,
    thread: Thread,
    messages: Sequence[ThreadMessage],
) -> Outcome:
    reach("before_send")
    try:
        # Between the intent and the click this process may have been stopped for a while.
        hold.check(services.settings.click_needs)
        with services.timed(claim.site, "send"):
            thread.click_send()
            reach("after_send")
            proven = thread.proof(claim.message, more_than=outgoing_copies(messages, claim.message))
    except RapportError as error:
        return settle.doubt(services, claim, site, error)
    if not proven:
        unseen = TryAgainError(Reason.PROOF_MISSING, "no new bubble with this text was seen")
        return settle.doubt(services, claim, site, unseen)
    reach("after_proof")
    shot = settle.take_screenshot(services, claim, site, masked=False)
    recorded = settle.record(services, claim, status="sent", screenshot=shot)
    reach("after_record")
    with suppress(RapportError):  # what is recorded is not undone by a dialog that stays open
        thread.close()
    return Outcome.DONE if recorded else Outcome.LOST
