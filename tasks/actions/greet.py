"""One greeting, from a granted unit to its record (design §2, steps 5 and 6): open, type, send, prove."""

from collections.abc import Sequence
from contextlib import suppress

from db.store.actions import interactions
from db.store.actions.lifecycle import Claim
from tasks.actions import settle
from tasks.actions.heartbeat import Hold
from tasks.actions.intent import intend, proven, unused
from tasks.actions.settle import Outcome
from tasks.actions.thread import (
    already_there,
    check_recipient,
    is_for_occasion,
    open_thread,
    outgoing_copies,
    written_by_hand,
)
from tasks.quota import Grant, site_health
from tasks.services import Services
from worker.browser.site import Site, Thread
from worker.errors import RapportError, Reason, TryAgainError
from worker.failpoint import reach
from worker.rules.model import ActionState, ThreadMessage
from worker.rules.quota.decision import Verb

_KEPT_OF_A_THREAD = 20
"""At most so many of the latest messages by hand are recorded at a time."""


def greet(services: Services, claim: Claim, hold: Hold, grant: Grant) -> Outcome:
    """Open the right thread, type, write the intent down, click once, prove.

    Raises the errors of a site for what fails before the intent.
    """
    site = services.site(name=claim.site, account_id=claim.account_id, session=claim.session)
    thread = open_thread(services, site, claim)
    messages = thread.messages()
    by_hand = _keep_what_was_written_by_hand(services, claim, messages)
    if (reason := already_there(messages, claim, by_hand)) is not None:
        seen = "seen in the thread before sending"
        return unused(services, grant, settle.end(services, claim, ActionState.SKIPPED, reason, seen))
    thread.type(claim.message)
    check_recipient(site, thread, claim)
    hold.check(services.settings.click_needs)
    if (closed := intend(services, claim, grant)) is not None:
        return unused(services, grant, settle.refuse(services, claim, closed))
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
            seen = thread.proof(claim.message, more_than=outgoing_copies(messages, claim.message))
        if not seen:
            raise TryAgainError(Reason.PROOF_MISSING, "no new bubble with this text was seen")
    except RapportError as error:
        services.quota.settle(grant, Verb.REPORT, site_health(error))
        return settle.doubt(services, claim, site, error)
    outcome = proven(services, claim, grant, site, status="sent")
    with suppress(RapportError):  # what is recorded is not undone by a dialog that stays open
        thread.close()
    return outcome
