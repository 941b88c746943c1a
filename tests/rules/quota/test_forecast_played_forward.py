"""What the forecast says is what happens when dispatch and the quota are played forward."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from tests.rules.quota.forecast_cases import DAY, HOUR, MONDAY, NOON, an_action, an_allowance, run_forecast
from worker.errors import Reason
from worker.rules.quota.allowance import Allowance
from worker.rules.quota.breaker import Outcome
from worker.rules.quota.decision import reserve, settle
from worker.rules.quota.forecast import ExpectedAction
from worker.rules.quota.limits import Limits
from worker.rules.quota.model import QuotaState, Verb
from worker.rules.quota.windows import Hours

LEASE = timedelta(minutes=1)
AFTERNOONS = Hours(13 * HOUR, 15 * HOUR, frozenset({0, 2, 5}))
hours = st.sampled_from([Hours(), Hours(7 * HOUR, 19 * HOUR), AFTERNOONS])


@st.composite
def allowances(draw: st.DrawFn) -> Allowance:
    gap = draw(st.sampled_from([timedelta(0), timedelta(minutes=50)]))  # fixed, so that the mean is exact
    per_day = draw(st.integers(1, 3))
    limits = Limits(
        draw(st.integers(1, 3)), per_day, per_day + draw(st.integers(0, 3)), gap, gap, draw(hours)
    )
    return an_allowance(limits)


@st.composite
def plans(draw: st.DrawFn) -> list[ExpectedAction]:
    """Up to six planned greetings; some wait for a time, as after a message of today."""
    waits = st.sampled_from([NOON - DAY, NOON - HOUR, NOON + timedelta(hours=12)])
    return [
        an_action(
            number, MONDAY - draw(st.integers(0, 2)) * DAY, late=draw(st.integers(2, 4)),
            campaign=draw(st.sampled_from("ab")), not_before=draw(waits), waits_for=Reason.ONE_VOICE,
            planned=(NOON - DAY, UUID(int=number)),
        )
        for number in range(draw(st.integers(1, 6)))
    ]  # fmt: skip


def play(plan: list[ExpectedAction], allowance: Allowance) -> dict[int, datetime | None]:
    """Dispatch as queue_due_actions.sql does, and let the quota decide about each."""
    now, state, reached = NOON, QuotaState(), dict[int, datetime | None]()
    due = {action.contact_id: action.not_before or NOON for action in plan}
    waiting = {action.contact_id: action for action in plan}
    while waiting:
        now = max(now, min(due[number] for number in waiting))
        ready = [action for number, action in waiting.items() if due[number] <= now]
        action = min(ready, key=lambda each: (due[each.contact_id], -each.on.toordinal(), each.planned))
        number = action.contact_id
        if now.date() > action.until:
            reached[number] = None
            del waiting[number]
            continue
        context = allowance.context_at(now, action.campaign or "")
        gap = allowance.limits[allowance.kind].gap_min
        decision, state = reserve(state, context, str(number), gap=gap, lease=LEASE, now=now)
        if decision.granted:
            _, state = settle(state, context, Verb.COMMIT, str(number), outcome=Outcome.SUCCESS, now=now)
            reached[number] = now
            del waiting[number]
        else:
            assert decision.retry_at is not None
            due[number] = decision.retry_at
    return reached


@given(plan=plans(), allowance=allowances())
def test_the_forecast_is_what_happens(plan: list[ExpectedAction], allowance: Allowance) -> None:
    found = run_forecast(plan, allowance, last=MONDAY)
    assert {each.action.contact_id: each.reached_at for each in found.actions} == play(plan, allowance)


def test_who_had_a_message_today_is_greeted_tomorrow_or_not_at_all() -> None:
    tomorrow = NOON + timedelta(hours=12)
    last_day, a_day_left = (
        replace(an_action(number, late=number), not_before=tomorrow, waits_for=Reason.ONE_VOICE)
        for number in (0, 1)
    )
    missed, late = run_forecast([last_day, a_day_left], an_allowance()).actions
    assert (missed.reached_at, missed.held_back) == (None, Reason.ONE_VOICE)
    assert (late.reached_at, late.held_back) == (tomorrow, Reason.ONE_VOICE)
