"""Send one greeting: open the thread, type, write the intent, send once, prove."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from db.engine import today_in
from db.store.actions import interactions, lifecycle
from db.store.actions.claims import Claim
from tasks.actions import settle
from tasks.actions.conversation.learn_identity import learn_from_thread
from tasks.actions.conversation.name_check import check_name
from tasks.actions.conversation.thread import (
    MovedAddressError,
    check_recipient,
    clear_draft,
    clear_draft_on_error,
    count_outgoing_copies,
    find_lost_messages,
    find_messages_by_hand,
    find_reason_not_to_send,
    is_for_occasion,
    is_greeting_sent,
    may_have_lost_greeting,
    open_thread,
    read_keys,
)
from tasks.actions.heartbeat import LeaseGuard
from tasks.actions.intent import write_intent
from tasks.actions.settle import Outcome
from tasks.campaigns.drafting import redraft_greeting
from tasks.quota import Grant, site_health
from tasks.services import Services
from worker import logs
from worker.browser.site import Site, Thread
from worker.errors import NeverError, RapportError, Reason, TryAgainError
from worker.failpoint import trigger_failpoint
from worker.rules.messages.placeholders import find_placeholders
from worker.rules.model import ThreadMessage
from worker.rules.quota.model import Verb

log = logs.get_logger(__name__)

_MOST_RECORDED = 20
"""How many messages that the owner wrote by hand are recorded at a time, the latest ones."""


def reword_greeting(services: Services, claim: Claim) -> Claim:
    """Reword a greeting that was written for an earlier day; return the claim with the new text.

    An approved text stays as it is, and so does one that may have been sent, because reconciling looks for
    it. Raises NeverError if there is no text for today.
    """
    if claim.needs_approval or claim.worded_for is None:
        return claim
    with services.database.transaction() as session:
        today = today_in(session, claim.zone)
        if claim.worded_for == today or claim.occasion_on >= today or lifecycle.has_acted(session, claim):
            return claim
        draft = redraft_greeting(session, claim, today)
        if draft is None:
            return claim
        if isinstance(draft, Reason):
            raise NeverError(draft, "written for another day, and no text fits today")
        lifecycle.reword_action(session, claim, message=draft.message, called=draft.called, worded_for=today)
    log.info("action_reworded", action=str(claim.action_id), days_late=(today - claim.occasion_on).days)
    return replace(claim, message=draft.message, called=draft.called, worded_for=today)


def greet_contact(services: Services, claim: Claim, lease: LeaseGuard, grant: Grant) -> Outcome:
    """Open the contact's thread, type, write the intent, send once, and prove it.

    An error means that nothing was sent: an error of the site before the intent, NeverError if the thread
    shows that nothing should be sent or the text has a field that nothing filled in, NameDiffersError, or an
    error of `write_intent`.
    """
    if find_placeholders(claim.message):  # planned by an earlier version
        raise NeverError(Reason.NO_TEMPLATE, "its text has a field that nothing filled in")
    site = services.site_for(claim)
    thread = _open_thread_and_learn(services, site, claim)
    messages = thread.messages()
    if claim.gap is not None:
        _check_lost_greeting(services, claim, thread, messages)
    by_hand = _record_messages_by_hand(services, claim, messages)
    reason = find_reason_not_to_send(messages, claim, by_hand)
    if reason is not None:
        raise NeverError(reason, "seen in the thread before sending")
    check_name(thread, claim)
    thread.type(claim.message)
    with clear_draft_on_error(thread):
        check_recipient(site, thread, claim.keys)
        check_name(thread, claim)
        lease.require(services.settings.click_lease_margin)
        write_intent(services, claim, grant)
    return _send_and_prove(services, claim, lease, grant, site=site, thread=thread, messages=messages)


def _open_thread_and_learn(services: Services, site: Site, claim: Claim) -> Thread:
    """Open the contact's thread, and store what it shows about who they are, before anything is typed.

    Before the first greeting of a person the profile is asked for their member id: on a list, the id and the
    address in one card may be of two people, even of two with one name.

    Raises GateClosedError if the contact proved to be one with another, or if somebody has to say who they
    are; NeverError if another action for the occasion remains.
    """
    try:
        thread = open_thread(services, site, claim.site, claim.keys, is_proven=claim.has_met)
    except MovedAddressError as error:
        learn_from_thread(services, claim, error.shown)
        raise
    shown = read_keys(thread)
    if shown != claim.keys:
        learn_from_thread(services, claim, shown)
    return thread


def is_greeting_in_thread(services: Services, claim: Claim, site: Site) -> bool:
    """Return whether the contact's thread has the greeting. Reconciles an uncertain one.

    Raises TryAgainError if the thread is empty, but may not show all its messages.
    """
    thread = open_thread(services, site, claim.site, claim.keys)
    messages = thread.messages()
    if not messages and thread.may_miss_messages():
        raise TryAgainError(Reason.CANNOT_TELL, "the thread is empty, and nothing shows if there is another")
    return is_greeting_sent(messages, claim)


def _check_lost_greeting(
    services: Services, claim: Claim, thread: Thread, messages: Sequence[ThreadMessage]
) -> None:
    """Raise NeverError if it may have been sent after the backup that was restored; count it in the quota."""
    lost = find_lost_messages(messages, claim)
    with services.database.transaction() as session:
        our_texts = interactions.list_our_texts_to(session, claim.contact_id)
        for message in lost[-_MOST_RECORDED:]:
            interactions.record_message_by_hand(
                session, claim, message, for_occasion=is_for_occasion(message, claim)
            )
    if lost:
        raise NeverError(
            Reason.ALREADY_GREETED, "a message of the time that the restored backup lacks is in the thread"
        )
    if may_have_lost_greeting(messages, claim, our_texts, may_miss=thread.may_miss_messages()):
        raise NeverError(
            Reason.CANNOT_TELL,
            "it may have been sent since the backup that was restored, and the thread doesn't show when",
        )


def _record_messages_by_hand(
    services: Services, claim: Claim, messages: Sequence[ThreadMessage]
) -> Sequence[ThreadMessage]:
    """Return the messages that the owner wrote by hand, and record new ones: the quota counts them."""
    if not find_messages_by_hand(messages, [claim.message]):
        return []
    with services.database.transaction() as session:
        our_texts = interactions.list_our_texts_to(session, claim.contact_id)
        by_hand = find_messages_by_hand(messages, our_texts)
        for message in by_hand[-_MOST_RECORDED:]:
            interactions.record_message_by_hand(
                session, claim, message, for_occasion=is_for_occasion(message, claim)
            )
    return by_hand


def _send_and_prove(
    services: Services,
    claim: Claim,
    lease: LeaseGuard,
    grant: Grant,
    *,
    site: Site,
    thread: Thread,
    messages: Sequence[ThreadMessage],
) -> Outcome:
    trigger_failpoint("before_send")
    try:
        # Between the intent and the click this process may have been stopped for a while.
        lease.require(services.settings.click_lease_margin)
        with services.time_request(claim.site, "send"):
            thread.click_send()
            trigger_failpoint("after_send")
            seen = thread.proof(claim.message, more_than=count_outgoing_copies(messages, claim.message))
        if not seen:
            raise TryAgainError(Reason.PROOF_MISSING, "no new bubble with this text was seen")
    except RapportError as error:
        services.quota.settle(grant, Verb.REPORT, site_health(error))
        outcome = settle.mark_uncertain(services, claim, site, error)
        clear_draft(thread)
        return outcome
    outcome = settle.record_proven_effect(services, claim, grant, site, status="sent")
    with suppress(RapportError):  # it is recorded, even if a dialog stays open
        thread.close()
    return outcome
