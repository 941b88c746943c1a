"""Turn the facts of `db.store.reports.gate_facts` into gates and the next step."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from api_stub.cli.explain.halts import advise, advise_sign_in
from api_stub.cli.explain.outlook import describe_outlook
from api_stub.cli.explain.sign_ins import describe_age
from api_stub.cli.formatting import describe_reason, format_count, format_time, reason_suffix
from api_stub.cli.quota.gates import Gate, list_quota_gates
from api_stub.cli.wording import describe_occasion, format_day
from api_stub.responses.quota_windows import QuotaReading
from db.store.reports.action_facts import ActionFacts
from db.store.reports.gate_facts import AccountFacts, GateFacts
from worker.errors import Reason
from worker.rules.halts import Halt, HaltCause, list_halts
from worker.rules.lifecycle import END_STATES
from worker.rules.model import AccountStatus, ActionState, CampaignState, ContactStatus, Kind
from worker.rules.policy import ABSENCE_CHECKS_NEEDED, MAX_FAILURES
from worker.rules.quota.forecast import ActionForecast
from worker.rules.sites import has_adapter

_EFFECTS: Final[Mapping[Kind, str]] = {
    Kind.GREET: "{} is greeted",
    Kind.VISIT: "{}'s profile is opened",
    Kind.COLLECT: "{} is read",
    Kind.WITHDRAW: "the invitation to {} is withdrawn",
}


@dataclass(frozen=True, slots=True)
class NextStep:
    """What happens next, and when, if that is known. `by_worker`: a worker does it.

    `earliest`: it may be later than `at`.
    """

    what: str
    at: datetime | None = None
    by_worker: bool = False
    earliest: bool = False

    def describe(self, workers: Gate, zone: ZoneInfo) -> str:
        """Return the last line of the output; a step with a time needs workers."""
        needs_worker = self.by_worker or self.at is not None
        once = ", once workers take messages" if needs_worker and not workers.open else ""
        bound = "at the earliest on " if self.earliest else ""
        when = f", {bound}{format_time(self.at, zone)}" if self.at else ""
        return f"next{once}: {self.what}{when}"


def find_subject(facts: GateFacts) -> ActionFacts | None:
    """Return the action whose gates are shown: the requested one, else the account's next one."""
    return facts.action if facts.action or facts.contact else facts.in_flight or facts.upcoming


def build_gates(facts: GateFacts, reading: QuotaReading) -> Sequence[Gate]:
    """Return every gate in the order of checking, those of the quota last."""
    action = find_subject(facts)
    return [
        _site_gate(facts.account),
        _kill_switch_gate(facts),
        _status_gate(facts.account),
        _sign_in_gate(facts.account, facts.now),
        _in_flight_gate(facts),
        *_person_gates(facts),
        *(_action_gates(action, facts) if action and action.state not in END_STATES else ()),
        *list_quota_gates(facts.quota, reading),
    ]


def _site_gate(account: AccountFacts) -> Gate:
    there = has_adapter(account.site)
    return Gate("site", there, account.site if there else f"Rapport has no adapter for {account.site} yet")


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
        says = (
            f"a worker reads the inbox, until {format_time(reading, facts.account.zone)} at the latest"
            if reading
            else "nothing is in progress"
        )
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


def find_next_step(
    facts: GateFacts, reading: QuotaReading, outlook: ActionForecast | None = None
) -> NextStep:
    """Return the next step of the account, person or action; `outlook` is the forecast of its greeting."""
    action = find_subject(facts)
    if action is None:
        return _step_without_action(facts)
    if action.state in END_STATES:
        why = f" ({describe_reason(action.reason)})" if action.reason else ""
        return NextStep(f"nothing; the {describe_occasion(action.occasion)} ended as {action.state}{why}")
    if action.state in {ActionState.NEEDS_REVIEW, ActionState.PROPOSED}:
        return _step_by_a_person(facts, action)
    if action.is_leased:
        return NextStep(
            f"a worker finishes it ({action.contact}, {action.state}), or its lease expires",
            action.lease_until,
        )
    return (
        _step_for_account(facts)
        or _step_for_person(facts, action)
        or _step_in_turn(facts, action, reading, outlook)
    )


def _step_by_a_person(facts: GateFacts, action: ActionFacts) -> NextStep:
    if action.state is ActionState.NEEDS_REVIEW:
        again = "" if action.campaign is CampaignState.CANCELLED else "again|"
        return NextStep(f"a person settles it: `rapport actions settle {action.id} done|{again}skip`")
    if _is_expired(facts, action):
        return NextStep("it is dropped; its last day has passed")
    return NextStep("a person approves it: `rapport review`")


def _step_without_action(facts: GateFacts) -> NextStep:
    if facts.contact is not None:
        return NextStep("nothing is planned for this person")
    return _step_for_account(facts) or _step_by_counts(facts)


def _step_by_counts(facts: GateFacts) -> NextStep:
    if review := facts.counts.get(ActionState.NEEDS_REVIEW):
        waiting = format_count(review, "action waits", "actions wait")
        return NextStep(f"{waiting} for a person: `rapport actions review`")
    if proposed := facts.counts.get(ActionState.PROPOSED):
        waiting = format_count(proposed, "greeting waits", "greetings wait")
        return NextStep(f"{waiting} for approval: `rapport review --account {facts.account.name}`")
    if facts.counts.get(ActionState.PLANNED):
        return NextStep("a person resumes a campaign: `rapport campaign list` shows them")
    if facts.next_schedule is not None:
        return NextStep("its schedule starts a campaign", facts.next_schedule)
    return NextStep("nothing; no action is planned and no schedule is set")


def _step_for_account(facts: GateFacts) -> NextStep | None:
    account = facts.account
    for halt in list_account_halts(facts):
        what = advise(account.name, account.site, halt)
        if halt.cause is HaltCause.NO_ADAPTER:
            what = f"nothing is sent while there is no adapter for {account.site}; {what}"
        return NextStep(what)
    if account.session_problem is not None:
        sign_in = advise_sign_in(account.name, account.site)
        return NextStep(f"restore the right RAPPORT_SECRET_KEYS, or {sign_in}")
    return None


def list_account_halts(facts: GateFacts) -> Sequence[Halt]:
    """Return everything that stops the account, the first thing to deal with first."""
    account = facts.account
    return tuple(
        list_halts(
            site=account.site,
            kill_switch=facts.kill_switch is not None,
            status=account.status,
            stop_reason=account.stop_reason,
            signed_in=account.signed_in,
        )
    )


def _is_expired(facts: GateFacts, action: ActionFacts) -> bool:
    today = facts.now.astimezone(facts.account.zone).date()
    return action.expires_on is not None and action.expires_on < today


def _step_for_person(facts: GateFacts, action: ActionFacts) -> NextStep | None:
    """Return the step of an action that waits for a person or is skipped, else None."""
    if action.state is ActionState.UNCERTAIN:
        return None
    if action.campaign is CampaignState.PAUSED:
        return NextStep(f"a person resumes its campaign: `rapport campaign resume {action.campaign_id}`")
    if action.campaign is CampaignState.CANCELLED:
        return NextStep("nothing is sent; its campaign was cancelled")
    if _is_expired(facts, action):
        return NextStep("it is skipped; its last day has passed")
    person = facts.contact
    left_out = person is not None and (
        person.do_not_contact
        or (action.kind is Kind.GREET and person.status is not ContactStatus.CONNECTED)
        or person.visited_lately
    )
    if left_out:
        return NextStep("it is skipped when it is due")
    return None


def _step_in_turn(
    facts: GateFacts, action: ActionFacts, reading: QuotaReading, outlook: ActionForecast | None
) -> NextStep:
    at = max(action.not_before, facts.account.inbox_until or facts.now, facts.now)
    if action.state is ActionState.UNCERTAIN:
        return NextStep(f"a worker checks whether it reached {action.contact}", at)
    why, denied = "", reading.decision
    if denied.reason is not None and denied.retry_at is not None and denied.retry_at > at:
        at, why = denied.retry_at, f" ({describe_reason(denied.reason)})"
    if outlook is not None:
        return _step_of_greeting(facts, action, outlook, at if why else None)
    ahead = facts.in_flight or facts.upcoming
    after = f" after {ahead.contact}" if ahead is not None and ahead.id != action.id else ""
    return NextStep(f"{_EFFECTS[action.kind].format(action.contact)}{after}{why}", at, earliest=True)


def _step_of_greeting(
    facts: GateFacts, action: ActionFacts, outlook: ActionForecast, denied_until: datetime | None
) -> NextStep:
    """Return when a greeting goes out. The breaker in Redis may hold it longer than the forecast knows."""
    at = outlook.reached_at
    if at is not None and denied_until is not None:
        at = max(at, denied_until)
    until = outlook.action.until
    too_late = at is None or at.astimezone(facts.account.zone).date() > until
    says = describe_outlook(None if too_late else at, outlook.held_back, until, facts.account.zone)
    who = f"{action.contact}'s greeting is" if too_late else f"{action.contact} is greeted"
    return NextStep(f"{who} {says}", by_worker=not too_late)
