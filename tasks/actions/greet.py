"""One greeting, from a granted unit to its record (design §2, steps 5 and 6): open, type, send, prove."""

from collections.abc import Sequence
from contextlib import suppress

from db.store.actions import interactions
from db.store.actions.lifecycle import Claim
from tasks.actions import settle
from tasks.actions.heartbeat import LeaseGuard
from tasks.actions.intent import record_proven_effect, release_unit, write_intent
from tasks.actions.settle import Outcome
from tasks.actions.thread import (
    check_recipient,
    count_outgoing_copies,
    find_messages_by_hand,
    find_reason_not_to_send,
    is_for_occasion,
    open_thread,
)
from tasks.quota import Grant, site_health
from tasks.services import Services
from worker.browser.site import Site, Thread
from worker.errors import RapportError, Reason, TryAgainError
from worker.failpoint import trigger_failpoint
from worker.rules.model import ActionState, ThreadMessage
from worker.rules.quota.model import Verb

_MOST_RECORDED = 20
"""At most so many of the latest messages by hand are recorded at a time."""


def greet_contact(services: Services, claim: Claim, hold: LeaseGuard, grant: Grant) -> Outcome:
    """Open the right thread, type, write the intent down, click once, prove.

    Raises the errors of a site for what fails before the intent.
    """
    site = services.site(name=claim.site, account_id=claim.account_id, session=claim.session)
    thread = open_thread(services, site, claim)
    messages = thread.messages()
    by_hand = _record_messages_by_hand(services, claim, messages)
    if (reason := find_reason_not_to_send(messages, claim, by_hand)) is not None:
        seen = "seen in the thread before sending"
        return release_unit(
            services, grant, settle.end_action(services, claim, ActionState.SKIPPED, reason, seen)
        )
    thread.type(claim.message)
    check_recipient(site, thread, claim)
    hold.check(services.settings.click_lease_margin)
    if (closed := write_intent(services, claim, grant)) is not None:
        return release_unit(services, grant, settle.settle_closed_gate(services, claim, closed))
    return _send_and_prove(services, claim, hold, grant, thread=thread, site=site, messages=messages)


def _record_messages_by_hand(
    services: Services, claim: Claim, messages: Sequence[ThreadMessage]
) -> Sequence[ThreadMessage]:
    """Return what the owner wrote to the person; what is new of it counts in the quota from now on."""
    if not find_messages_by_hand(messages, [claim.message]):
        return []
    with services.database.transaction() as session:
        by_hand = find_messages_by_hand(messages, interactions.list_our_texts_to(session, claim.contact_id))
        for message in by_hand[-_MOST_RECORDED:]:
            interactions.record_message_by_hand(
                session, claim, message, for_occasion=is_for_occasion(message, claim)
            )
    return by_hand


def _send_and_prove(
    services: Services,
    claim: Claim,
    hold: LeaseGuard,
    grant: Grant,
    *,
    site: Site,
    thread: Thread,
    messages: Sequence[ThreadMessage],
) -> Outcome:
    trigger_failpoint("before_send")
    try:
        # Between the intent and the click this process may have been stopped for a while.
        hold.check(services.settings.click_lease_margin)
        with services.timed(claim.site, "send"):
            thread.click_send()
            trigger_failpoint("after_send")
            seen = thread.proof(claim.message, more_than=count_outgoing_copies(messages, claim.message))
        if not seen:
            raise TryAgainError(Reason.PROOF_MISSING, "no new bubble with this text was seen")
    except RapportError as error:
        services.quota.settle(grant, Verb.REPORT, site_health(error))
        return settle.mark_uncertain(services, claim, site, error)
    outcome = record_proven_effect(services, claim, grant, site, status="sent")
    with suppress(RapportError):  # what is recorded is not undone by a dialog that stays open
        thread.close()
    return outcome
