"""Open a page under the quota and save what it shows. Visits and search pages share this."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.orm import Session

from db.store.actions import lifecycle
from db.store.actions.claims import Claim
from tasks.actions import settle
from tasks.actions.evidence import take_screenshot
from tasks.actions.heartbeat import LeaseGuard
from tasks.actions.intent import write_intent
from tasks.actions.settle import Outcome
from tasks.quota import Grant, site_health
from tasks.services import Services
from worker.browser.site import Site
from worker.errors import RapportError, Reason, TryAgainError
from worker.failpoint import trigger_failpoint
from worker.rules.model import ActionState, Kind
from worker.rules.policy import MAX_PROFILE_OPENS
from worker.rules.quota.breaker import Outcome as Health
from worker.rules.quota.model import Verb

T = TypeVar("T")


def read_page(
    services: Services,
    claim: Claim,
    lease: LeaseGuard,
    grant: Grant,
    *,
    page: Callable[[Site], T],
    save: Callable[[Session, T], bool],
) -> Outcome:
    """Write the intent and open `page`; `save` stores the result and ends the action, in one transaction.

    Once the intent is written the unit stays used, because the site counts the page. An error means that
    nothing was opened: an error of the site before the intent, or one of `write_intent`.
    """
    site = services.site_for(claim)
    lease.require(services.settings.click_lease_margin)
    write_intent(services, claim, grant)
    trigger_failpoint("before_send")
    try:
        with services.time_request(claim.site, claim.kind):
            shown = page(site)
    except RapportError as error:
        services.quota.settle(grant, Verb.COMMIT, site_health(error))
        if error.reason is Reason.SITE_UNEXPECTED:
            take_screenshot(services, claim, site, masked=True)
        if isinstance(error, TryAgainError) and _has_used_all_openings(services, claim):
            text = f"it was opened {MAX_PROFILE_OPENS} times without being read to its end: {error}"
            return settle.end_action(services, claim, ActionState.FAILED, Reason.TOO_MANY_ATTEMPTS, text)
        return settle.settle_failure(services, claim, error)
    trigger_failpoint("after_send")
    saved = settle.write_done(services, claim, lambda session: save(session, shown))
    trigger_failpoint("after_record")
    services.quota.settle(grant, Verb.COMMIT, Health.SUCCESS)
    return Outcome.DONE if saved else Outcome.LOST


def _has_used_all_openings(services: Services, claim: Claim) -> bool:
    with services.database.transaction() as session:
        return (
            claim.kind is Kind.VISIT
            and lifecycle.count_openings(session, claim.action_id) >= MAX_PROFILE_OPENS
        )
