"""Opening a page under the quota and keeping what it showed: the frame of visits and of pages of people."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.orm import Session

from db.store.actions import lifecycle
from db.store.actions.lifecycle import Claim
from tasks.actions import settle
from tasks.actions.heartbeat import LeaseGuard
from tasks.actions.intent import release_unit, write_intent
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
    hold: LeaseGuard,
    grant: Grant,
    *,
    page: Callable[[Site], T],
    keep: Callable[[Session, T], bool],
) -> Outcome:
    """Write the intent down, open `page`, and let `keep` end the action with what it showed, in one go.

    From the intent on the unit is used, whatever comes of it: the site has counted the page. Raises the
    errors of a site for what fails before.
    """
    site = services.site(name=claim.site, account_id=claim.account_id, session=claim.session)
    hold.check(services.settings.click_lease_margin)
    if (closed := write_intent(services, claim, grant)) is not None:
        return release_unit(services, grant, settle.settle_closed_gate(services, claim, closed))
    trigger_failpoint("before_send")
    try:
        with services.timed(claim.site, claim.kind):
            shown = page(site)
    except RapportError as error:
        services.quota.settle(grant, Verb.COMMIT, site_health(error))
        if error.reason is Reason.SITE_UNEXPECTED:
            settle.take_screenshot(services, claim, site, masked=True)
        if isinstance(error, TryAgainError) and _is_opened_enough(services, claim):
            text = f"it was opened {MAX_PROFILE_OPENS} times, and not read to its end: {error}"
            return settle.end_action(services, claim, ActionState.FAILED, Reason.TOO_MANY_ATTEMPTS, text)
        return settle.settle_failure(services, claim, error)
    trigger_failpoint("after_send")
    kept = settle.write_done(services, claim, lambda session: keep(session, shown))
    trigger_failpoint("after_record")
    services.quota.settle(grant, Verb.COMMIT, Health.SUCCESS)
    return Outcome.DONE if kept else Outcome.LOST


def _is_opened_enough(services: Services, claim: Claim) -> bool:
    with services.database.transaction() as session:
        return (
            claim.kind is Kind.VISIT
            and lifecycle.count_openings(session, claim.action_id) >= MAX_PROFILE_OPENS
        )
