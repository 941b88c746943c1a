"""One greeting, start to end (design §2, steps 3-6): claim, reserve, prepare, intend, send, prove, record."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from uuid import UUID

from sqlalchemy.exc import OperationalError

from db.store import actions, gates, interactions
from db.store.actions import Claim
from db.store.gates import Closed
from db.store.quota import still_in_epoch
from tasks import look, settle
from tasks.heartbeat import Hold, holding
from tasks.quota import Grant, reservation_id, site_health
from tasks.services import Services
from tasks.settle import Outcome
from tasks.thread import (
    already_there,
    check_recipient,
    is_for_occasion,
    open_thread,
    outgoing_copies,
    written_by_hand,
)
from tasks.wording import reword
from worker import logs, metrics
from worker.browser.site import Site, Thread
from worker.errors import NeverError, RapportError, Reason, StopAccountError, TryAgainError
from worker.failpoint import reach
from worker.rules.breaker import Outcome as Health
from worker.rules.model import ActionState, ThreadMessage
from worker.rules.quota import Decision, Verb

log = logs.logger(__name__)

_KEPT_OF_A_THREAD = 20
"""At most so many of the latest messages by hand are recorded at a time."""


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
        closed = gates.closed_gate(session, claim)
    if closed is not None:
        return settle.refuse(services, claim, closed)
    reworded = reword(services, claim)
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
            actions.hold_others(session, claim, reason=decision.reason, until=decision.retry_at)
            actions.give_back(
                session, claim, reason=decision.reason, detail="the quota says later", until=decision.retry_at
            )
        return Outcome.DENIED
    return _prepare_and_send(services, claim, hold, grant)


def _show_remaining(claim: Claim, decision: Decision) -> None:
    if decision.remaining is not None:
        for period, left in asdict(decision.remaining).items():
            metrics.RATE_LIMIT_REMAINING.labels(str(claim.account_id), claim.kind, period).set(left)


def _prepare_and_send(services: Services, claim: Claim, hold: Hold, grant: Grant) -> Outcome:
    """Everything before the click may fail without a trace; errors are sorted by their class, each once."""
    health = Health.NONE
    try:
        outcome = _open_type_send(services, claim, hold, grant)
    except TryAgainError as error:
        health = site_health(error)
        outcome = settle.postpone(services, claim, error)
    except StopAccountError as error:
        outcome = settle.stop(services, claim, error)
    except NeverError as error:
        outcome = settle.end(services, claim, ActionState.SKIPPED, error.reason, str(error))
    if outcome in {Outcome.SKIPPED, Outcome.POSTPONED, Outcome.FAILED}:
        # Nothing was sent, surely: the unit goes back.
        services.quota.settle(grant, Verb.RELEASE, health)
    return outcome


def _open_type_send(services: Services, claim: Claim, hold: Hold, grant: Grant) -> Outcome:
    """Open the right thread, type, write the intent down, click once, prove."""
    site = services.site(name=claim.site, account_id=claim.account_id, session=claim.session)
    thread = open_thread(services, site, claim)
    messages = thread.messages()
    by_hand = _keep_what_was_written_by_hand(services, claim, messages)
    if (reason := already_there(messages, claim, by_hand)) is not None:
        return settle.end(services, claim, ActionState.SKIPPED, reason, "seen in the thread before sending")
    thread.type(claim.message)
    check_recipient(site, thread, claim)
    hold.check(services.settings.click_needs)
    if (closed := _intend(services, claim, grant)) is not None:
        return settle.refuse(services, claim, closed)
    return _send_and_prove(services, claim, hold, grant, thread=thread, site=site, messages=messages)


def _keep_what_was_written_by_hand(
    services: Services, claim: Claim, messages: Sequence[ThreadMessage]
) -> Sequence[ThreadMessage]:
    """Return what the owner wrote to the person; what is new of it counts in the quota from now on."""
    if not written_by_hand(messages, [claim.message]):
        return []
    with services.database.transaction() as session:
        by_hand = written_by_hand(messages, interactions.ours_to(session, claim.contact_id))
        for message in by_hand[-_KEPT_OF_A_THREAD:]:
            interactions.keep_seen(session, claim, message, for_occasion=is_for_occasion(message, claim))
    return by_hand


def _intend(services: Services, claim: Claim, grant: Grant) -> Closed | None:
    """Ask every gate once more and write the intent down, in one transaction; return a gate that is closed.

    The person is held from before the question until the intent is written, so that of two accounts that
    know one person only one writes today.

    Raises TryAgainError when the action is somebody else's by now. A commit whose answer was lost is settled
    by reading on a new connection.
    """
    if not services.quota.start(grant):
        return Closed(Reason.QUOTA_CHANGED)
    try:
        with services.database.transaction() as session:
            gates.hold_voice(session, claim)
            closed = gates.closed_gate(session, claim, hours=grant.purse.limits.hours)
            if closed is not None:
                return closed
            if not still_in_epoch(session, claim.account_id, grant.purse.epoch):
                return Closed(Reason.QUOTA_CHANGED)
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
    grant: Grant,
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
        if not proven:
            raise TryAgainError(Reason.PROOF_MISSING, "no new bubble with this text was seen")
    except RapportError as error:
        services.quota.settle(grant, Verb.REPORT, site_health(error))
        return settle.doubt(services, claim, site, error)
    reach("after_proof")
    shot = settle.take_screenshot(services, claim, site, masked=False)
    recorded = settle.record(services, claim, status="sent", screenshot=shot)
    reach("after_record")
    if recorded:
        services.quota.settle(grant, Verb.COMMIT, Health.SUCCESS)
    with suppress(RapportError):  # what is recorded is not undone by a dialog that stays open
        thread.close()
    return Outcome.DONE if recorded else Outcome.LOST
