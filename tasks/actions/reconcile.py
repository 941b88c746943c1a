"""Reconcile uncertain effects: check on the site whether they happened, and never repeat them."""

import random

from db.store.actions import lifecycle
from db.store.actions.claims import Claim
from tasks.actions import settle
from tasks.actions.evidence import take_screenshot, take_stop_screenshot
from tasks.actions.kinds import ACTION_TYPES
from tasks.actions.settle import Outcome
from tasks.quota import make_reservation_id
from tasks.services import Services
from tasks.stopping import stop_account
from worker import logs, metrics
from worker.errors import NeverError, Reason, StopAccountError, TryAgainError
from worker.rules.policy import ABSENCE_CHECKS_NEEDED, MAX_FAILURES, retry_wait
from worker.rules.quota.model import Verb

log = logs.get_logger(__name__)


def reconcile_action(services: Services, claim: Claim) -> Outcome:
    """Look once for the effect: end as done, plan again if certainly absent, else look later or ask a person.

    Raises ValueError for a kind that only reads: it is never uncertain.
    """
    has_effect = ACTION_TYPES[claim.kind].has_effect
    if has_effect is None:
        raise ValueError(f"the action {claim.action_id} only reads: there is no effect to check")
    try:
        site = services.site_for(claim)
        found = has_effect(services, claim, site)
    except TryAgainError as error:
        return _look_again_later(services, claim, error)
    except StopAccountError as error:
        return _stop_and_look_again(services, claim, error)
    except NeverError as error:
        return _ask_person(services, claim, error.reason, f"it can no longer be checked: {error}")
    if not found:
        return _handle_absence(services, claim)
    shot = take_screenshot(services, claim, site, masked=False)
    recorded = settle.record_effect(services, claim, status="found", screenshot=shot)
    if recorded:
        _settle_unit(services, claim, Verb.COMMIT)
    return Outcome.DONE if recorded else Outcome.LOST


def _settle_unit(services: Services, claim: Claim, verb: Verb) -> None:
    if claim.acting_attempt is not None:
        reservation = make_reservation_id(claim.action_id, claim.acting_attempt)
        services.quota.settle_by_id(verb, claim.account_id, claim.kind, str(claim.campaign_id), reservation)


def _handle_absence(services: Services, claim: Claim) -> Outcome:
    wait = services.settings.settle_time
    if claim.looks + 1 < ABSENCE_CHECKS_NEEDED:
        detail = f"check {claim.looks + 1} of {ABSENCE_CHECKS_NEEDED} found no effect"
        with services.database.transaction() as session:
            lifecycle.schedule_next_look(
                session, claim, reason=Reason.PROOF_MISSING, detail=detail, wait=wait, absent=True
            )
        return Outcome.UNCERTAIN
    if claim.failures + 1 >= MAX_FAILURES:
        return _ask_person(services, claim, Reason.PROOF_MISSING, "tried several times; it never appeared")
    with services.database.transaction() as session:
        settled = lifecycle.replan_absent(
            session, claim, detail=f"{ABSENCE_CHECKS_NEEDED} checks, some time apart, found no effect"
        )
    if settled:
        _settle_unit(services, claim, Verb.RELEASE)
    return Outcome.POSTPONED


def _look_again_later(services: Services, claim: Claim, error: TryAgainError) -> Outcome:
    metrics.ERRORS.labels(error.reason, "look").inc()
    if claim.failures + 1 >= MAX_FAILURES:
        return _ask_person(services, claim, Reason.CANNOT_TELL, f"it could not be checked: {error}")
    wait = retry_wait(claim.failures, random.random())  # noqa: S311 -- jitter, not cryptography
    with services.database.transaction() as session:
        lifecycle.schedule_next_look(
            session, claim, reason=error.reason, detail=str(error), wait=wait, absent=False
        )
    return Outcome.UNCERTAIN


def _stop_and_look_again(services: Services, claim: Claim, error: StopAccountError) -> Outcome:
    metrics.ERRORS.labels(error.reason, "look").inc()
    take_stop_screenshot(services, claim)
    with services.database.transaction() as session:
        stop_account(session, claim.account_id, claim.kind, error, action_id=claim.action_id)
        lifecycle.schedule_next_look(
            session,
            claim,
            reason=error.reason,
            detail=str(error),
            wait=services.settings.settle_time,
            absent=False,
        )
    log.error("account_stopped", reason=error.reason, text=str(error))
    return Outcome.UNCERTAIN


def _ask_person(services: Services, claim: Claim, reason: Reason, detail: str) -> Outcome:
    with services.database.transaction() as session:
        asked = lifecycle.mark_needs_review(session, claim, reason=reason, detail=detail)
    if asked:  # it may take days: what was to try a site that failed must not keep all others waiting
        _settle_unit(services, claim, Verb.COMMIT)
    log.error("needs_review", reason=reason, text=detail)
    return Outcome.NEEDS_REVIEW
