"""The forecast never exceeds a window, and greets nobody too early or too late."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules.quota.forecast_cases import (
    DAY,
    FREE,
    HOUR,
    MONDAY,
    NOON,
    UTC_ZONE,
    WEEK,
    an_action,
    an_allowance,
    run_forecast,
)
from worker.errors import Reason
from worker.rules.model import Kind
from worker.rules.quota import forecast as rule
from worker.rules.quota.allowance import Allowance
from worker.rules.quota.forecast import ExpectedAction, Forecast
from worker.rules.quota.limits import Limits, Totals
from worker.rules.quota.model import Charge, QuotaState
from worker.rules.quota.windows import WEEKDAYS, Hours

MANY = 100
counts = st.integers(0, 4)
gaps = st.sampled_from([timedelta(0), timedelta(minutes=2), timedelta(minutes=45), 3 * HOUR])
hours = st.sampled_from(
    [Hours(), Hours(7 * HOUR, 19 * HOUR), Hours(9 * HOUR, 10 * HOUR, WEEKDAYS), Hours(days=frozenset({5}))]
)
zones = st.sampled_from([UTC_ZONE, ZoneInfo("Asia/Tokyo"), ZoneInfo("America/New_York")])
instants = st.integers(-8 * 24 * 60, 0).map(lambda minutes: NOON + timedelta(minutes=minutes))


@st.composite
def limits(draw: st.DrawFn) -> Limits:
    per_day = draw(counts)
    low, more = draw(gaps), draw(gaps)
    return Limits(
        draw(counts), per_day, per_day + draw(st.integers(0, 8)), low, low + more, draw(hours),
        reserved_per_day=draw(st.integers(0, per_day)),
    )  # fmt: skip


@st.composite
def allowances(draw: st.DrawFn) -> Allowance:
    all_day = draw(st.integers(0, 6))
    visits = Limits(4, 4, 20, timedelta(0), timedelta(0), reserved_per_day=draw(st.integers(0, 2)))
    later = st.one_of(st.none(), st.integers(-30, 100).map(lambda hours: NOON + hours * HOUR))
    return replace(
        an_allowance(zone=draw(zones)),
        limits={Kind.GREET: draw(limits()), Kind.VISIT: visits, Kind.COLLECT: FREE},
        totals=Totals(all_day, all_day + draw(st.integers(0, 10))),
        warm_up_on=draw(st.one_of(st.none(), st.integers(-25, 3).map(lambda days: MONDAY + days * DAY))),
        cut_until=draw(later),
        paused_until=draw(later),
    )


@st.composite
def crowds(draw: st.DrawFn) -> list[ExpectedAction]:
    late = draw(st.integers(0, 4))
    people = []
    for contact_id in range(draw(st.integers(0, 25))):
        person = an_action(contact_id, MONDAY + draw(st.integers(-late, 9)) * DAY, late=late)
        if draw(st.booleans()):
            person = replace(
                person,
                campaign=draw(st.sampled_from(["a", "b"])),
                not_before=NOON + draw(st.integers(-20, 60)) * HOUR,
                waits_for=Reason.DAY_LIMIT,
            )
        elif draw(st.booleans()):  # on hold, some until the same day
            held = NOON + draw(st.integers(0, 2)) * DAY
            person = replace(person, not_before=held, waits_for=Reason.ON_HOLD)
        people.append(person)
    return people


@st.composite
def ledgers(draw: st.DrawFn) -> QuotaState:
    charges = [
        Charge(draw(st.sampled_from([Kind.GREET, Kind.VISIT])), f"old {n}", at, "a")
        for n, at in enumerate(draw(st.lists(instants, max_size=8)))
    ]
    return QuotaState(tuple(charges))


def overrun(found: Forecast, allowance: Allowance, state: QuotaState) -> str | None:
    """Recount what had been used at each action of the forecast; return the first that exceeds a limit."""

    def local(at: datetime) -> datetime:
        return at.astimezone(allowance.zone)

    done = [(charge.kind, charge.at, charge.run_id) for charge in state.charges]
    order = sorted((each for each in found.actions if each.reached_at), key=lambda each: str(each.reached_at))
    last: datetime | None = None
    for each in order:
        at = each.reached_at
        assert at is not None
        context = allowance.context_at(at, "")
        in_force, totals = context.limits, context.totals
        today = [(kind, run) for kind, then, run in done if local(then).date() == local(at).date()]
        week = [kind for kind, then, _ in done if at - then < WEEK]
        by_kind = Counter(kind for kind, _ in today)
        kept = sum(max(0, context.shares[kind] - by_kind[kind]) for kind in (Kind.VISIT, Kind.COLLECT))
        wall = timedelta(hours=local(at).hour, minutes=local(at).minute, seconds=local(at).second)
        run = each.action.campaign
        checks = {
            "run": run is not None and today.count((Kind.GREET, run)) >= in_force.per_run,
            "day": by_kind[Kind.GREET] >= in_force.per_day,
            "week": week.count(Kind.GREET) >= in_force.per_week,
            "all day": len(today) + kept >= totals.per_day,
            "all week": len(week) >= totals.per_week,
            "gap": last is not None and at - last < (in_force.gap_min + in_force.gap_max) / 2,
            "hours": not in_force.hours.opens <= wall < in_force.hours.closes,
            "days": local(at).weekday() not in in_force.hours.days,
            "pause": allowance.paused_until is not None and at < allowance.paused_until,
        }
        if any(checks.values()):
            return f"{each}: {[name for name, broken in checks.items() if broken]}"
        done.append((Kind.GREET, at, run))
        last = at
    return None


@given(crowds(), allowances(), ledgers())
def test_those_who_differ_only_in_the_contact_fare_as_if_each_were_alone(
    people: list[ExpectedAction], allowance: Allowance, state: QuotaState
) -> None:
    together = run_forecast(people, allowance, state)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rule, "_group", one_by_one)
        assert run_forecast(people, allowance, state) == together


def one_by_one(simulation: rule._Simulation, expected: Iterable[ExpectedAction]) -> Iterator[rule._Group]:
    return (rule._queue_group(simulation, [action]) for action in expected)


@given(allowances(), instants, st.integers(0, 40), st.integers(0, 60 * 24 * 10))
def test_limits_are_the_same_until_then(
    allowance: Allowance, now: datetime, hours: int, minutes: int
) -> None:
    now += hours * HOUR
    until = allowance.same_until(now)
    assert now < until <= now + timedelta(hours=25)
    between = min(now + timedelta(minutes=minutes), until - timedelta(microseconds=1))
    assert allowance.context_at(between, "a") == allowance.context_at(now, "a")


@given(crowds(), allowances(), ledgers())
def test_no_window_holds_more_than_it_may_at_any_instant(
    people: list[ExpectedAction], allowance: Allowance, state: QuotaState
) -> None:
    assert overrun(run_forecast(people, allowance, state), allowance, state) is None


@given(crowds(), allowances(), ledgers())
def test_everybody_is_told_of_once_and_nobody_is_reached_before_or_too_long_after_the_birthday(
    people: list[ExpectedAction], allowance: Allowance, state: QuotaState
) -> None:
    found = run_forecast(people, allowance, state)
    assert sorted(each.action.contact_id for each in found.actions) == [p.contact_id for p in people]
    for each in found.actions:
        assert (each.reached_at is None) is (each.reached_on is None)
        if each.reached_at is not None and each.reached_on is not None:
            assert each.reached_at >= max(NOON, each.action.not_before or NOON)
            assert each.reached_on == each.reached_at.astimezone(allowance.zone).date()
            assert each.action.on <= each.reached_on <= each.action.until


@given(crowds(), allowances(), ledgers())
def test_who_is_late_or_missed_and_was_not_late_before_has_a_reason(
    people: list[ExpectedAction], allowance: Allowance, state: QuotaState
) -> None:
    today = NOON.astimezone(allowance.zone).date()
    for each in run_forecast(people, allowance, state).actions:
        if each.reached_at is not None and not each.days_late:
            assert each.held_back is None
        elif each.action.on >= today:
            assert each.held_back is not None
        elif each.reached_on is None:
            assert each.held_back is not None or each.action.until < today


@given(crowds(), allowances(), ledgers())
def test_a_day_s_sum_is_what_is_used_and_reached_on_it(
    people: list[ExpectedAction], allowance: Allowance, state: QuotaState
) -> None:
    found = run_forecast(people, allowance, state)
    by_day = Counter(each.reached_on for each in found.actions)
    before = Counter(
        charge.at.astimezone(allowance.zone).date() for charge in state.charges if charge.kind is Kind.GREET
    )
    assert [day.on for day in found.days] == sorted(day.on for day in found.days)
    assert {day.on: day.used for day in found.days} == {
        day.on: by_day[day.on] + before[day.on] for day in found.days
    }
    assert {each.reached_on for each in found.actions} - {None} <= {day.on for day in found.days}


@given(crowds())
def test_without_limits_everybody_is_reached_on_the_day_or_at_once(people: list[ExpectedAction]) -> None:
    people = [replace(person, not_before=None) for person in people]
    for each in run_forecast(people, an_allowance()).actions:
        assert each.reached_on == max(each.action.on, MONDAY)


def reached(found: Forecast, by: datetime) -> int:
    return sum(each.reached_at is not None and each.reached_at <= by for each in found.actions)


@given(crowds(), limits(), st.sampled_from(["per_run", "per_day", "per_week"]))
def test_where_nobody_is_missed_a_raised_limit_never_leaves_fewer_reached_by_any_time(
    people: list[ExpectedAction], low: Limits, raised: str
) -> None:
    """Not if runs are limited too: a raised day may spend the week on one run that others wait for then."""
    people = [replace(person, until=MONDAY + 400 * DAY, campaign=None) for person in people]
    low = replace(low, per_run=low.per_run + 1, per_day=low.per_day + 1, per_week=low.per_week + 2)
    low = replace(low, per_day=MANY, per_week=MANY) if raised == "per_run" else replace(low, per_run=MANY)
    high = replace(low, **{raised: getattr(low, raised) + 1})
    if high.per_day > high.per_week:
        high = replace(high, per_week=high.per_day)
    before, after = (run_forecast(people, an_allowance(limits)) for limits in (low, high))
    for each in before.actions:
        assert each.reached_at is not None
        assert reached(after, each.reached_at) >= reached(before, each.reached_at)
