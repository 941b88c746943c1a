"""What opens and closes the breaker, and what it lets through, in the script and in the rule."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.quota.helpers import LEASE, NOON, Engine, MovableClock, a_context, fail, install_state
from worker.errors import Reason
from worker.rules.model import Kind
from worker.rules.policy import MAX_FAILURES
from worker.rules.quota.breaker import FIRST_WAIT, LONGEST_WAIT, THRESHOLD, Breaker, Outcome
from worker.rules.quota.model import QuotaState, Verb, Verdict

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
HALF_OPEN = QuotaState(breakers={kind: Breaker(THRESHOLD, 1, NOON) for kind in (Kind.GREET, Kind.VISIT)})


def test_faults_in_a_row_open_the_breaker_and_one_success_between_them_does_not_let_it_open(
    engine: Engine,
) -> None:
    context = install_state(engine, a_context())
    for number in range(THRESHOLD - 1):
        assert fail(engine, context, f"{number}", Verb.REPORT) == Breaker(number + 1)
    assert engine.settle(context, Verb.REPORT, "none", Outcome.NONE).breaker == Breaker(THRESHOLD - 1)
    assert engine.settle(context, Verb.COMMIT, "good", Outcome.SUCCESS).breaker == Breaker()
    for number in range(THRESHOLD - 1):
        assert fail(engine, context, "") == Breaker(number + 1)
    assert fail(engine, context, "last") == Breaker(THRESHOLD, 1, NOON + FIRST_WAIT)
    assert engine.remaining(context).reason is Reason.BREAKER_OPEN
    assert engine.remaining(replace(context, kind=Kind.VISIT)).reason is None


def test_while_the_breaker_is_open_only_its_probe_is_listened_to(engine: Engine, time: MovableClock) -> None:
    opened = Breaker(THRESHOLD, 1, NOON + MINUTE)
    context = install_state(engine, a_context(), QuotaState(breakers={Kind.GREET: opened}))
    for outcome in Outcome:
        assert engine.settle(context, Verb.REPORT, "straggler", outcome).breaker == opened
    time.move(MINUTE)
    assert engine.reserve(context, "probe", lease=LEASE).granted
    for outcome in Outcome:
        assert engine.settle(context, Verb.RELEASE, "straggler", outcome).breaker.open_until == NOON + MINUTE
    assert engine.reserve(context, "another", lease=LEASE).reason is Reason.BREAKER_PROBE


@pytest.mark.parametrize(
    ("lease", "acts", "wait"),
    [(30 * SECOND, False, 30 * SECOND), (LEASE, False, MINUTE), (30 * SECOND, True, MINUTE)],
)
def test_a_half_open_breaker_lets_one_through_and_says_when_to_ask_again(
    engine: Engine, lease: timedelta, wait: timedelta, *, acts: bool
) -> None:
    context = install_state(engine, a_context(), HALF_OPEN)
    assert engine.reserve(context, "probe", lease=lease).granted
    assert engine.reserve(context, "probe", lease=lease).verdict is Verdict.REPLAY
    if acts:
        engine.start(context, "probe")
    denied = engine.reserve(context, "another", lease=LEASE)
    assert (denied.reason, denied.retry_at) == (Reason.BREAKER_PROBE, NOON + wait)


def test_a_probe_that_succeeds_closes_the_breaker(engine: Engine) -> None:
    context = install_state(engine, a_context(), HALF_OPEN)
    engine.reserve(context, "probe", lease=LEASE)
    assert engine.settle(context, Verb.COMMIT, "probe", Outcome.SUCCESS).breaker == Breaker()
    assert engine.reserve(context, "another", lease=LEASE).granted
    assert engine.reserve(context, "a third", lease=LEASE).granted


@pytest.mark.parametrize("gone", ["lapses", "is given back", "is used"])
def test_a_probe_that_says_nothing_lets_the_next_one_through(
    engine: Engine, time: MovableClock, gone: str
) -> None:
    context = install_state(engine, a_context(), HALF_OPEN)
    engine.reserve(context, "probe", lease=LEASE)
    if gone == "lapses":
        time.move(LEASE)
    elif gone == "is given back":
        engine.settle(context, Verb.RELEASE, "probe", Outcome.NONE)
    else:
        engine.start(context, "probe")
        engine.settle(context, Verb.COMMIT, "probe", Outcome.NONE)
    assert engine.reserve(context, "next", lease=LEASE).granted
    assert engine.reserve(context, "a third", lease=LEASE).reason is Reason.BREAKER_PROBE
    assert engine.settle(context, Verb.REPORT, "probe", Outcome.SUCCESS).breaker.failures == THRESHOLD


def test_a_unit_that_lapses_lets_no_second_probe_through(engine: Engine, time: MovableClock) -> None:
    context = install_state(engine, a_context())
    engine.reserve(context, "granted before it opened", lease=FIRST_WAIT + SECOND)
    for number in range(THRESHOLD):
        fail(engine, context, f"{number}", Verb.REPORT)
    time.move(FIRST_WAIT)
    assert engine.reserve(context, "probe", lease=LEASE).granted
    time.move(SECOND)
    assert engine.reserve(context, "another", lease=LEASE).reason is Reason.BREAKER_PROBE


def test_a_probe_under_way_that_reports_nothing_lets_no_second_one_through(engine: Engine) -> None:
    context = install_state(engine, a_context(), HALF_OPEN)
    engine.reserve(context, "probe", lease=LEASE)
    engine.settle(context, Verb.REPORT, "probe", Outcome.NONE)
    assert engine.reserve(context, "another", lease=LEASE).reason is Reason.BREAKER_PROBE


def test_a_probe_of_another_kind_that_lapses_leaves_this_one_s_alone(
    engine: Engine, time: MovableClock
) -> None:
    greets = install_state(engine, a_context(), HALF_OPEN)
    visits = replace(greets, kind=Kind.VISIT)
    assert engine.reserve(visits, "probe", lease=LEASE).granted
    assert engine.reserve(greets, "probe of greets", lease=2 * LEASE).granted
    time.move(LEASE)
    assert engine.reserve(greets, "another", lease=LEASE).reason is Reason.BREAKER_PROBE
    assert engine.reserve(visits, "next", lease=LEASE).granted


@pytest.mark.parametrize("openings", [1, 2, 5, 6, 7, 60, 2000])
def test_a_probe_that_fails_opens_it_again_twice_as_long_up_to_the_longest_wait(
    engine: Engine, openings: int
) -> None:
    failures = THRESHOLD + openings - 1
    context = install_state(
        engine, a_context(), QuotaState(breakers={Kind.GREET: Breaker(failures, openings, NOON)})
    )
    engine.reserve(context, "probe", lease=LEASE)
    wait = {1: 2, 2: 4, 5: 32}.get(openings, LONGEST_WAIT / FIRST_WAIT) * FIRST_WAIT
    assert fail(engine, context, "probe") == Breaker(failures + 1, openings + 1, NOON + wait)
    assert engine.reserve(context, "another", lease=LEASE).reason is Reason.BREAKER_OPEN


def test_one_fault_of_a_probe_is_enough(engine: Engine) -> None:
    context = install_state(engine, a_context(), QuotaState(breakers={Kind.GREET: Breaker(1, 1, NOON)}))
    engine.reserve(context, "probe", lease=LEASE)
    assert fail(engine, context, "probe") == Breaker(2, 2, NOON + 2 * FIRST_WAIT)


def test_the_breaker_s_numbers_are_those_of_the_documents() -> None:
    assert (timedelta(minutes=5), timedelta(hours=4)) == (FIRST_WAIT, LONGEST_WAIT)
    assert THRESHOLD < MAX_FAILURES  # an action rests before it fails
    assert THRESHOLD == 3


def test_an_operator_closes_the_breaker_and_its_count_begins_anew(engine: Engine) -> None:
    context = install_state(
        engine, a_context(), QuotaState(breakers={Kind.GREET: Breaker(7, 3, NOON + MINUTE)})
    )
    engine.reset_breaker(context)
    assert engine.remaining(context).breaker == Breaker()
    assert engine.reserve(context, "a", lease=LEASE).granted
    assert fail(engine, context, "a") == Breaker(1)
