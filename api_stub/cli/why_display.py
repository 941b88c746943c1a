"""Turn the facts of `db.store.reports.gate_facts` into gates and the next step."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from api_stub.cli.formatting import describe_reason, format_time, reason_suffix
from api_stub.cli.quota.gates import Gate, list_quota_gates
from api_stub.cli.wording import describe_occasion
from api_stub.responses.quota_windows import QuotaReading
from db.store.reports.action_facts import ActionFacts
from db.store.reports.gate_facts import AccountFacts, GateFacts
from worker.rules.lifecycle import END_STATES
from worker.rules.model import AccountStatus, ActionState, CampaignState, ContactStatus, Kind
from worker.rules.policy import ABSENCE_CHECKS_NEEDED, MAX_FAILURES


@dataclass(frozen=True, slots=True)
class NextStep:
    """What happens next, and when, if that is known."""

    what: str
    at: datetime | None = None

    def describe(self, workers: Gate, zone: ZoneInfo) -> str:
        """Return the last line of the output; a step with a time needs workers."""
        if self.at is None:
            return f"next: {self.what}"
        once = "" if workers.open else ", once workers take messages"
        return f"next{once}: {self.what}, {format_time(self.at, zone)}"


def find_subject(facts: GateFacts) -> ActionFacts | None:
    """Return the action whose gates are shown: the requested one, else the account's next one."""
    return facts.action if facts.action or facts.contact else facts.in_flight or facts.upcoming


def build_gates(facts: GateFacts, reading: QuotaReading) -> Sequence[Gate]:
    """Return every gate in the order of checking, those of the quota last."""
    action = find_subject(facts)
    return [
        _kill_switch_gate(facts),
        _status_gate(facts.account),
        _sign_in_gate(facts.account),
        _in_flight_gate(facts),
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


def _sign_in_gate(account: AccountFacts) -> Gate:
    if not account.signed_in:
        return Gate("sign-in", False, "not signed in yet")
    return Gate("sign-in", account.session_problem is None, account.session_problem or "there is one")


def _in_flight_gate(facts: GateFacts) -> Gate:
    in_flight, subject = facts.in_flight, find_subject(facts)
    if in_flight is None:
        reading = facts.account.inbox_until
        says = (
            f"a worker reads the inbox, until {format_time(reading, facts.account.zone)} at the latest"
            if reading
            else "nothing is under way"
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
    if facts.action is not None and facts.action.kind is not Kind.GREET:
        if facts.action.kind is Kind.VISIT:
            says = "opened recently, or may have been" if person.visited_lately else "not opened recently"
            yield Gate("last visit", not person.visited_lately, says)
        return
    yield Gate("connection", connected, person.status.replace("_", " "))
    yield Gate("last greeted", True, str(person.last_greeted_on or "never"))
    says = "got a message from an account today" if person.written_to_today else "got no other message today"
    yield Gate("one voice", not person.written_to_today, says)


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


def find_next_step(facts: GateFacts, reading: QuotaReading) -> NextStep:
    """Return the next step of the requested account, person or action."""
    action = find_subject(facts)
    if action is None:
        return _step_without_action(facts)
    if action.state in END_STATES:
        why = f" ({describe_reason(action.reason)})" if action.reason else ""
        return NextStep(f"nothing; the {describe_occasion(action.occasion)} ended as {action.state}{why}")
    if action.state is ActionState.NEEDS_REVIEW:
        return NextStep(f"a person settles it: rapport actions settle {action.id} done|again|skip")
    if action.state is ActionState.PROPOSED:
        return NextStep("a person approves it: rapport review")
    if action.is_leased:
        return NextStep(
            f"a worker finishes it ({action.contact}, {action.state}), or loses it after",
            action.lease_until,
        )
    return (
        _step_for_account(facts) or _step_for_person(facts, action) or _step_in_turn(facts, action, reading)
    )


def _step_without_action(facts: GateFacts) -> NextStep:
    if facts.contact is not None:
        return NextStep("nothing is planned for this person")
    review = facts.counts.get(ActionState.NEEDS_REVIEW)
    if review:
        return NextStep(f"{review} wait for a person: rapport actions review")
    if proposed := facts.counts.get(ActionState.PROPOSED):
        return NextStep(
            f"{proposed} wait for a person's approval: rapport review --account {facts.account.name}"
        )
    if facts.counts.get(ActionState.PLANNED):
        return _step_for_account(facts) or NextStep("a person resumes a campaign: rapport campaign list")
    if facts.next_schedule is not None:
        return NextStep("its schedule starts a campaign", facts.next_schedule)
    return NextStep("nothing; no action is planned and no schedule is set")


def _step_for_account(facts: GateFacts) -> NextStep | None:
    if facts.kill_switch is not None:
        return NextStep("a person lets everything go on: rapport resume-everything")
    name = facts.account.name
    if facts.account.status is AccountStatus.PAUSED:
        return NextStep(f"a person resumes the account: rapport account resume {name}")
    if facts.account.status is AccountStatus.STOPPED:
        return NextStep(f"a person looks at the site, then: rapport account sign-in {name}")
    if facts.account.session_problem is not None:
        return NextStep(
            f"a person puts the right RAPPORT_SECRET_KEYS back, or signs in: rapport account sign-in {name}"
        )
    return None


def _step_for_person(facts: GateFacts, action: ActionFacts) -> NextStep | None:
    """Return the step of an action that waits for a person or is skipped, else None."""
    if action.state is ActionState.UNCERTAIN:
        return None
    if action.campaign is CampaignState.PAUSED:
        return NextStep(f"a person resumes its campaign: rapport campaign resume {action.campaign_id}")
    if action.campaign is CampaignState.CANCELLED:
        return NextStep("nothing is sent; its campaign was cancelled")
    if action.expires_on is not None and action.expires_on < facts.now.astimezone(facts.account.zone).date():
        return NextStep("it is skipped; its last day has passed")
    person = facts.contact
    left_out = person is not None and (
        person.do_not_contact
        or (action.kind is Kind.GREET and person.status is not ContactStatus.CONNECTED)
        or person.visited_lately
    )
    if left_out:
        return NextStep("it is skipped when its turn comes")
    return None


def _step_in_turn(facts: GateFacts, action: ActionFacts, reading: QuotaReading) -> NextStep:
    at = max(action.not_before, facts.account.inbox_until or facts.now, facts.now)
    if action.state is ActionState.UNCERTAIN:
        return NextStep(f"a worker looks whether it reached {action.contact}", at)
    why, denied = "", reading.decision
    if denied.reason is not None and denied.retry_at is not None and denied.retry_at > at:
        at, why = denied.retry_at, f" ({describe_reason(denied.reason)})"
    ahead = facts.in_flight or facts.upcoming
    after = f" after {ahead.contact}'s" if ahead is not None and ahead.id != action.id else ""
    return NextStep(f"{action.contact}'s turn to {action.kind} comes{after}{why}, at the earliest", at)
