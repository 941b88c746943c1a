"""Find the next step of an account, a person or an action from the facts of `rapport why`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from api_stub.explain.gates import find_subject
from api_stub.explain.halts import advise_sign_in
from api_stub.explain.outlook import describe_outlook
from api_stub.explain.quota_gates import Gate
from api_stub.explain.site_check import find_site_step
from api_stub.occasions import describe_occasion
from api_stub.responses.quota_windows import QuotaReading
from api_stub.times import format_time
from db.store.reports.action_facts import ActionFacts
from db.store.reports.gate_facts import GateFacts
from worker.rules.halts import Halt, advise, list_halts
from worker.rules.lifecycle import END_STATES
from worker.rules.model import ActionState, CampaignState, ContactStatus, Kind
from worker.rules.quota.forecast import ActionForecast
from worker.rules.wording.counts import format_count
from worker.rules.wording.reasons import describe_reason

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
        or _step_for_site(facts, action)
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
    return _step_for_account(facts) or _step_for_site(facts, None) or _step_by_counts(facts)


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
        return NextStep(advise(account.name, halt, sign_in=advise_sign_in(account.name, account.site)))
    if account.session_problem is not None:
        sign_in = advise_sign_in(account.name, account.site)
        return NextStep(f"restore the right RAPPORT_SECRET_KEYS, or {sign_in}")
    return None


def _step_for_site(facts: GateFacts, action: ActionFacts | None) -> NextStep | None:
    if action is not None and action.state is ActionState.UNCERTAIN:
        return None
    step = find_site_step(
        facts.site_gate, facts.account.name, approved=action is None or action.needs_approval
    )
    return NextStep(step) if step else None


def list_account_halts(facts: GateFacts) -> Sequence[Halt]:
    """Return everything that stops the account, the first thing to deal with first."""
    account = facts.account
    return tuple(
        list_halts(
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
