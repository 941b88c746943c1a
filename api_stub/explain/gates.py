"""Turn the facts of `db.store.reports.gate_facts` into gates."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from api_stub.checks.words import describe_age
from api_stub.explain.quota_gates import Gate, list_quota_gates
from api_stub.explain.site_check import list_site_gates
from api_stub.occasions import format_day
from api_stub.responses.quota_windows import QuotaReading
from api_stub.times import format_time
from db.store.reports.action_facts import ActionFacts
from db.store.reports.gate_facts import AccountFacts, GateFacts
from worker.errors import Reason
from worker.rules.lifecycle import END_STATES
from worker.rules.model import AccountStatus, ActionState, CampaignState, ContactStatus, Kind
from worker.rules.policy import ABSENCE_CHECKS_NEEDED, MAX_FAILURES
from worker.rules.wording.reasons import describe_reason, reason_suffix


def find_subject(facts: GateFacts) -> ActionFacts | None:
    """Return the action whose gates are shown: the requested one, else the account's next one."""
    return facts.action if facts.action or facts.contact else facts.in_flight or facts.upcoming


def build_gates(facts: GateFacts, reading: QuotaReading) -> Sequence[Gate]:
    """Return every gate in the order of checking, those of the quota last."""
    action = find_subject(facts)
    return [
        _kill_switch_gate(facts),
        _status_gate(facts.account),
        _sign_in_gate(facts.account, facts.now),
        _in_flight_gate(facts),
        *list_site_gates(facts.site_gate, facts.kind, facts.account.zone),
        *_person_gates(facts),
        *(_action_gates(action, facts) if action and action.state not in END_STATES else ()),
        *list_quota_gates(facts.quota, reading),
    ]


def _kill_switch_gate(facts: GateFacts) -> Gate:
    pulled = facts.kill_switch
    return Gate(
        "kill switch",
        pulled is None,
        f"on since {format_time(pulled.at, facts.account.zone)}, by {pulled.by}" if pulled else "off",
    )


def _status_gate(account: AccountFacts) -> Gate:
    why = reason_suffix(account.stop_reason)
    return Gate("account", account.status is AccountStatus.ACTIVE, f"{account.status}{why}")


def _sign_in_gate(account: AccountFacts, now: datetime) -> Gate:
    if not account.signed_in:
        return Gate("sign-in", False, "not signed in yet")
    if account.stop_reason is Reason.NOT_SIGNED_IN:
        return Gate("sign-in", False, "the site no longer accepts the stored session")
    if account.session_problem is not None:
        return Gate("sign-in", False, account.session_problem)
    return Gate(
        "sign-in", True, f"signed in {describe_age(account, now, otherwise='')}".replace(" ,", ",").strip()
    )


def _in_flight_gate(facts: GateFacts) -> Gate:
    in_flight, subject = facts.in_flight, find_subject(facts)
    if in_flight is None:
        reading = facts.account.inbox_until
        says = "nothing is in progress"
        if reading:
            until = format_time(reading, facts.account.zone)
            says = f"a worker reads the inbox, or a command the site's pages, until {until} at the latest"
        return Gate("one at a time", reading is None, says)
    is_subject = subject is not None and subject.id == in_flight.id
    name = "this one" if is_subject else in_flight.contact
    return Gate(
        "one at a time",
        is_subject,
        f"{name} is {in_flight.state}, {_describe_holder(in_flight, facts.account.zone)}",
    )


def _describe_holder(action: ActionFacts, zone: ZoneInfo) -> str:
    until = f" until {format_time(action.lease_until, zone)}" if action.lease_until else ""
    return f"held by {action.lease_owner}{until}" if action.lease_owner else f"waits for a worker{until}"


def _person_gates(facts: GateFacts) -> Iterator[Gate]:
    person = facts.contact
    if person is None:
        return
    connected = person.status is ContactStatus.CONNECTED
    yield Gate("do-not-contact", not person.do_not_contact, "yes" if person.do_not_contact else "no")
    if person.hold_until is not None:
        why = f": {person.hold_reason}" if person.hold_reason else ""
        yield Gate("hold", False, f"on hold until {format_day(person.hold_until)}{why}")
    if person.identity_doubt is not None:
        yield Gate("who it is", False, describe_reason(person.identity_doubt))
    if facts.action is not None and facts.action.kind is not Kind.GREET:
        if facts.action.kind is Kind.VISIT:
            says = "opened recently, or may have been" if person.visited_lately else "not opened recently"
            yield Gate("last visit", not person.visited_lately, says)
        return
    yield Gate("connection", connected, person.status.replace("_", " "))
    yield Gate("last greeted", True, str(person.last_greeted_on or "never"))
    says = "got a message from an account today" if person.written_to_today else "got no other message today"
    yield Gate("one message a day", not person.written_to_today, says)


def _action_gates(action: ActionFacts, facts: GateFacts) -> Iterator[Gate]:
    now, today = facts.now, facts.now.astimezone(facts.account.zone).date()
    # An uncertain action is checked, also if its campaign is paused or cancelled.
    goes_on = action.campaign not in {CampaignState.PAUSED, CampaignState.CANCELLED}
    yield Gate("campaign", goes_on or action.state is ActionState.UNCERTAIN, action.campaign)
    if action.needs_approval:
        yield Gate("approval", action.approved_by is not None, f"by {action.approved_by or 'nobody yet'}")
    if action.expires_on is not None:
        yield Gate("last day", action.expires_on >= today, f"{action.expires_on}")
    yield Gate(
        "lease", True, _describe_holder(action, facts.account.zone) if action.is_leased else "nobody holds it"
    )
    if action.state in {ActionState.PLANNED, ActionState.UNCERTAIN}:
        detail = f" ({action.detail})" if action.detail else ""
        why = f"; {describe_reason(action.reason)}{detail}" if action.reason else ""
        when = format_time(action.not_before, facts.account.zone)
        since = "due since" if action.not_before <= now else "not before"
        yield Gate("time", action.not_before <= now, f"{since} {when}{why}")
    yield Gate(
        "tries",
        True,
        f"{action.attempt} so far; {action.failures} of {MAX_FAILURES} failures, "
        f"{action.looks} of {ABSENCE_CHECKS_NEEDED} checks that found nothing",
    )
