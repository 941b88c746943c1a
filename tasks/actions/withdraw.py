"""Withdraw one sent invitation: find it, withdraw it once, and prove it by the list."""

from db.engine import today_in
from db.store.actions.claims import Claim
from tasks.actions import settle
from tasks.actions.heartbeat import LeaseGuard
from tasks.actions.intent import write_intent
from tasks.actions.settle import Outcome
from tasks.quota import Grant, site_health
from tasks.services import Services
from worker.browser.site import Site
from worker.errors import RapportError, Reason, TryAgainError
from worker.failpoint import trigger_failpoint
from worker.rules.quota.model import Verb


def withdraw_invitation(services: Services, claim: Claim, lease: LeaseGuard, grant: Grant) -> Outcome:
    """Find the invitation, write the intent, withdraw once, and prove it by the list.

    An error means that nothing was done: an error of the site before the intent (NeverError INVITATION_GONE
    if there is nothing left to withdraw), or one of `write_intent`.
    """
    site = services.site_for(claim)
    with services.time_request(claim.site, "invitations"):
        invitation = site.open_invitation(claim.profile_url)
    lease.require(services.settings.click_lease_margin)
    write_intent(services, claim, grant)
    trigger_failpoint("before_send")
    try:
        # Between the intent and the click this process may have been stopped for a while.
        lease.require(services.settings.click_lease_margin)
        with services.time_request(claim.site, "withdraw"):
            invitation.withdraw()
        trigger_failpoint("after_send")
        if not is_invitation_gone(services, claim, site):
            raise TryAgainError(Reason.PROOF_MISSING, "the invitation is still in the list")
    except RapportError as error:
        services.quota.settle(grant, Verb.REPORT, site_health(error))
        return settle.mark_uncertain(services, claim, site, error)
    return settle.record_proven_effect(services, claim, grant, site, status="withdrawn")


def is_invitation_gone(services: Services, claim: Claim, site: Site) -> bool:
    """Return whether the list of sent invitations, read to its end, lacks this person."""
    with services.database.transaction() as session:
        today = today_in(session, claim.zone)
    with services.time_request(claim.site, "invitations"):
        sent = site.sent_invitations(today)
    address = site.normalise(claim.profile_url)
    return all(invitation.profile_url != address for invitation in sent)
