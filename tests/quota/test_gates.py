"""Each gate of the quota by itself, in the script and in the rule: what closes it, and when it opens."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.quota.helpers import DAY, LEASE, NOON, WEEK, Engine, MovableClock, a_context, install_state
from worker.errors import Reason
from worker.rules.model import Kind
from worker.rules.quota.breaker import Breaker, Outcome
from worker.rules.quota.limits import Totals
from worker.rules.quota.model import Charge, Decision, QuotaContext, QuotaState, Remaining, Verb, Verdict
from worker.rules.quota.windows import Hours

MS, MINUTE, HOUR = timedelta(milliseconds=1), timedelta(minutes=1), timedelta(hours=1)
MIDNIGHT = datetime(2027, 6, 15, 22, tzinfo=UTC)  # in Paris


def use(engine: Engine, context: QuotaContext, name: str) -> bool:
    """Take a unit and use it."""
    granted = engine.reserve(context, name, lease=LEASE).granted
    engine.settle(context, Verb.COMMIT, name, Outcome.NONE)
    return granted


def gate(decision: Decision) -> tuple[Reason | None, datetime | None]:
    return decision.reason, decision.retry_at


def left(engine: Engine, context: QuotaContext) -> Remaining:
    remaining = engine.remaining(context).remaining
    assert remaining is not None
    return remaining


def test_a_unit_counts_for_a_week_to_the_millisecond(engine: Engine, time: MovableClock) -> None:
    context = install_state(engine, a_context(day=1, week=1))
    assert use(engine, context, "a")
    time.move(WEEK - MS)
    assert gate(engine.reserve(context, "b", lease=LEASE)) == (Reason.WEEK_LIMIT, NOON + WEEK)
    assert left(engine, context).all_week == 9999
    time.move(MS)
    assert left(engine, context).all_week == 10_000
    assert engine.reserve(context, "b", lease=LEASE).granted


def test_all_kinds_count_together_for_a_week_and_for_a_day(engine: Engine, time: MovableClock) -> None:
    greets = install_state(engine, replace(a_context(), totals=Totals(2, 3)))
    visits = replace(greets, kind=Kind.VISIT)
    assert use(engine, greets, "a")
    time.move(HOUR)
    assert use(engine, visits, "b")
    assert gate(engine.reserve(greets, "c", lease=LEASE)) == (Reason.ALL_DAY_LIMIT, NOON + DAY / 2)
    time.move(DAY)
    assert use(engine, visits, "c")
    assert gate(engine.reserve(greets, "d", lease=LEASE)) == (Reason.ALL_WEEK_LIMIT, NOON + WEEK)
    assert gate(engine.remaining(visits)) == (Reason.ALL_WEEK_LIMIT, NOON + WEEK)


def test_a_week_s_limit_below_its_use_waits_for_enough_of_it_to_age(
    engine: Engine, time: MovableClock
) -> None:
    context = install_state(engine, a_context())
    for name, kind in (("a", Kind.VISIT), ("b", Kind.GREET), ("c", Kind.VISIT), ("d", Kind.GREET)):
        assert use(engine, replace(context, kind=kind), name)
        time.move(HOUR)
    for limit, frees in ((1, 3), (2, 1)):
        greets = replace(context, limits=a_context(day=1, week=limit).limits)
        assert gate(engine.remaining(greets)) == (Reason.WEEK_LIMIT, NOON + frees * HOUR + WEEK)
    for totals, frees in (((1, 1), 3), ((2, 2), 2), ((3, 3), 1), ((4, 4), 0)):
        together = replace(context, totals=Totals(*totals))
        assert gate(engine.remaining(together)) == (Reason.ALL_WEEK_LIMIT, NOON + frees * HOUR + WEEK)
    none = replace(context, limits=a_context(day=0, week=0).limits)
    assert gate(engine.remaining(none)) == (Reason.WEEK_LIMIT, time.now + WEEK)


def test_a_day_begins_at_midnight_of_the_account_s_zone(engine: Engine, time: MovableClock) -> None:
    context = install_state(engine, a_context(day=1, zone="Europe/Paris"))
    time.move_to(MIDNIGHT - MS)
    assert use(engine, context, "a")
    assert gate(engine.reserve(context, "b", lease=LEASE)) == (Reason.DAY_LIMIT, MIDNIGHT)
    time.move(MS)
    assert use(engine, context, "b")
    assert left(engine, context).all_day == 9999
    assert gate(engine.reserve(context, "c", lease=LEASE)) == (Reason.DAY_LIMIT, MIDNIGHT + DAY)


def test_a_run_has_its_units_once_each_day(engine: Engine, time: MovableClock) -> None:
    context = install_state(engine, a_context(run=1))
    assert use(engine, context, "a")
    assert gate(engine.reserve(context, "b", lease=LEASE)) == (Reason.RUN_LIMIT, NOON + DAY / 2)
    assert use(engine, replace(context, run_id="another"), "b")
    assert use(engine, replace(context, kind=Kind.VISIT), "b")
    time.move(DAY)
    assert use(engine, context, "c")
    assert not use(engine, context, "d")


def test_of_the_gates_that_are_closed_the_last_to_open_is_the_reason_and_of_equals_the_first(
    engine: Engine,
) -> None:
    context = install_state(engine, replace(a_context(run=1, day=1, gap=HOUR), totals=Totals(1, 9)))
    assert use(engine, context, "a")
    assert gate(engine.remaining(context)) == (Reason.RUN_LIMIT, NOON + DAY / 2)
    assert gate(engine.remaining(replace(context, paused_until=NOON + DAY))) == (
        Reason.LIMIT_PAGE,
        NOON + DAY,
    )
    assert gate(engine.remaining(replace(context, kind=Kind.VISIT))) == (Reason.ALL_DAY_LIMIT, NOON + DAY / 2)


def closed_for_an_hour(engine: Engine, reason: Reason) -> QuotaContext:
    context = a_context()
    if reason is Reason.LIMIT_PAGE:
        return install_state(engine, replace(context, paused_until=NOON + HOUR))
    if reason is Reason.OUTSIDE_HOURS:
        return install_state(
            engine, replace(context, limits=replace(context.limits, hours=Hours(13 * HOUR, 19 * HOUR)))
        )
    if reason is Reason.BREAKER_OPEN:
        return install_state(engine, context, QuotaState(breakers={Kind.GREET: Breaker(3, 1, NOON + HOUR)}))
    return install_state(engine, context, QuotaState(gaps={Kind.GREET: NOON + HOUR}))


@pytest.mark.parametrize("reason", [Reason.LIMIT_PAGE, Reason.OUTSIDE_HOURS, Reason.BREAKER_OPEN, Reason.GAP])
def test_what_is_closed_opens_at_its_instant_and_not_before(
    engine: Engine, time: MovableClock, reason: Reason
) -> None:
    context = closed_for_an_hour(engine, reason)
    assert gate(engine.reserve(context, "a", lease=LEASE)) == (reason, NOON + HOUR)
    time.move(HOUR - MS)
    assert gate(engine.remaining(context)) == (reason, NOON + HOUR)
    assert engine.reserve(context, "a", lease=LEASE).verdict is Verdict.DENIED
    time.move(MS)
    assert engine.reserve(context, "a", lease=LEASE).granted


def test_a_gap_and_a_breaker_hold_back_their_own_kind_only(engine: Engine) -> None:
    state = QuotaState(gaps={Kind.VISIT: NOON + HOUR}, breakers={Kind.COLLECT: Breaker(3, 1, NOON + HOUR)})
    context = install_state(engine, a_context(), state)
    assert use(engine, context, "a")
    assert engine.remaining(replace(context, kind=Kind.VISIT)).reason is Reason.GAP
    assert engine.remaining(replace(context, kind=Kind.COLLECT)).reason is Reason.BREAKER_OPEN


def test_at_closing_time_the_hours_are_over(engine: Engine, time: MovableClock) -> None:
    context = a_context()
    context = install_state(
        engine, replace(context, limits=replace(context.limits, hours=Hours(7 * HOUR, 19 * HOUR)))
    )
    time.move(7 * HOUR - MS)
    assert use(engine, context, "a")
    time.move(MS)
    assert gate(engine.reserve(context, "b", lease=LEASE)) == (Reason.OUTSIDE_HOURS, NOON + 19 * HOUR)


def test_working_hours_are_those_of_the_account_s_zone(engine: Engine) -> None:
    context = a_context(zone="Europe/Paris")  # where it is 02:00
    context = install_state(
        engine, replace(context, limits=replace(context.limits, hours=Hours(15 * HOUR, 19 * HOUR)))
    )
    assert gate(engine.remaining(context)) == (Reason.OUTSIDE_HOURS, NOON + HOUR)


def test_what_is_kept_for_another_kind_is_what_it_has_not_used_of_its_share(engine: Engine) -> None:
    greets = install_state(engine, replace(a_context(), totals=Totals(4, 9), shares={Kind.GREET: 2}))
    visits = replace(greets, kind=Kind.VISIT)
    assert (left(engine, greets).all_day, left(engine, visits).all_day) == (4, 2)
    for name, of_all in (("a", 2), ("b", 2), ("c", 1)):  # the third is beyond the share
        assert use(engine, greets, name)
        assert left(engine, visits).all_day == of_all
    assert use(engine, visits, "d")
    assert engine.reserve(visits, "e", lease=LEASE).reason is Reason.ALL_DAY_LIMIT


def test_visits_and_collects_cannot_eat_the_birthdays_share(engine: Engine) -> None:
    greets = install_state(engine, replace(a_context(), totals=Totals(10, 100), shares={Kind.GREET: 3}))
    visits = replace(greets, kind=Kind.VISIT)
    assert sum(engine.reserve(visits, f"v{n}", lease=LEASE).granted for n in range(20)) == 7
    assert engine.reserve(visits, "one more", lease=LEASE).reason is Reason.ALL_DAY_LIMIT
    assert sum(engine.reserve(greets, f"g{n}", lease=LEASE).granted for n in range(20)) == 3


def test_a_grant_tells_what_is_left_after_it(engine: Engine) -> None:
    context = install_state(engine, a_context())
    for number in (1, 2):
        granted = engine.reserve(context, f"{number}", lease=LEASE)
        rest, of_all = 1000 - number, 10_000 - number
        assert granted.remaining == Remaining(rest, rest, rest, of_all, of_all)


def test_what_is_left_is_never_less_than_nothing(engine: Engine) -> None:
    context = install_state(engine, a_context())
    for name in ("a", "b", "c"):
        assert use(engine, context, name)
    lowered = replace(a_context(run=1, day=1, week=1), totals=Totals(1, 1))
    assert left(engine, lowered) == Remaining(0, 0, 0, 0, 0)


def test_asked_twice_a_grant_is_the_same_whatever_has_closed_since(
    engine: Engine, time: MovableClock
) -> None:
    context = install_state(engine, a_context(day=2, week=9))
    assert engine.reserve(context, "a", lease=LEASE).verdict is Verdict.GRANTED
    assert engine.reserve(context, "a", lease=LEASE).verdict is Verdict.REPLAY
    assert left(engine, context).day == 1
    assert use(engine, context, "b")
    replay = engine.reserve(context, "a", lease=LEASE)
    assert (replay.verdict, gate(replay)) == (Verdict.REPLAY, (None, None))
    engine.settle(context, Verb.COMMIT, "a", Outcome.NONE)
    time.move(WEEK - MS)
    assert engine.reserve(context, "a", lease=LEASE).verdict is Verdict.REPLAY
    time.move(MS)
    paused = replace(context, paused_until=time.now + MS)
    assert engine.reserve(paused, "a", lease=LEASE).verdict is Verdict.DENIED
    assert engine.reserve(context, "a", lease=LEASE).verdict is Verdict.GRANTED
    assert left(engine, context) == Remaining(999, 1, 8, 9999, 9999)


def test_asked_twice_a_grant_keeps_its_instant(engine: Engine, time: MovableClock) -> None:
    context = install_state(engine, a_context(day=1, week=1))
    assert use(engine, context, "a")
    time.move(HOUR)
    assert engine.reserve(context, "a", lease=LEASE).verdict is Verdict.REPLAY
    more = a_context(day=2, week=2)  # with room left, too
    assert engine.reserve(more, "a", lease=LEASE).verdict is Verdict.REPLAY
    assert engine.remaining(context).retry_at == NOON + WEEK


def test_units_of_earlier_days_count_for_the_week_only(engine: Engine, time: MovableClock) -> None:
    charges = (
        Charge(Kind.GREET, "yesterday", NOON - DAY, "run"),
        Charge(Kind.GREET, "seen", NOON - HOUR),
        Charge(Kind.GREET, "ours", NOON - HOUR, "run", held=True),
        Charge(Kind.GREET, "nearly", NOON - WEEK + MS, "run"),
        Charge(Kind.GREET, "over", NOON - WEEK, "run"),
    )
    context = install_state(engine, a_context(), QuotaState(charges))
    assert left(engine, context) == Remaining(999, 998, 996, 9998, 9996)
    assert left(engine, replace(context, run_id="")).run == 1000
    assert engine.settle(context, Verb.RELEASE, "ours", Outcome.NONE).verdict is Verdict.RELEASED
    assert engine.settle(context, Verb.RELEASE, "seen", Outcome.NONE).verdict is Verdict.COMMITTED
    assert left(engine, context) == Remaining(1000, 999, 997, 9999, 9997)
    time.move(MS)
    assert left(engine, context).week == 998


@pytest.mark.parametrize(("gap", "over"), [(HOUR, NOON + HOUR), (timedelta(0), None)])
def test_a_grant_says_when_the_gap_after_it_is_over(
    engine: Engine, gap: timedelta, over: datetime | None
) -> None:
    granted = engine.reserve(install_state(engine, a_context(gap=gap)), "a", lease=LEASE)
    assert (granted.reason, granted.retry_at) == (None, over)
