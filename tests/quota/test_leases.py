"""How a unit is held, lapses and is settled, and what a breaker lets through: in the script and the rule."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.quota.helpers import DAY, LEASE, NOON, WEEK, Engine, MovableClock, a_context, install_state
from worker.errors import Reason
from worker.rules.model import Kind
from worker.rules.policy import MAX_FAILURES
from worker.rules.quota.breaker import FIRST_WAIT, LONGEST_WAIT, THRESHOLD, Breaker, Outcome
from worker.rules.quota.model import Charge, QuotaContext, QuotaState, Verb, Verdict

MS, SECOND, MINUTE = timedelta(milliseconds=1), timedelta(seconds=1), timedelta(minutes=1)
HALF_OPEN = QuotaState(breakers={kind: Breaker(THRESHOLD, 1, NOON) for kind in (Kind.GREET, Kind.VISIT)})


def used(engine: Engine, context: QuotaContext) -> tuple[int, int, int]:
    """Units used of the run, the day and the week."""
    left = engine.remaining(context).remaining
    assert left is not None
    limits = context.limits
    return limits.per_run - left.run, limits.per_day - left.day, limits.per_week - left.week


def fail(engine: Engine, context: QuotaContext, name: str, verb: Verb = Verb.RELEASE) -> Breaker:
    return engine.settle(context, verb, name, Outcome.FAILURE).breaker


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 3, 1)])
def test_each_unit_lapses_at_its_own_instant(
    engine: Engine, time: MovableClock, order: tuple[int, int, int]
) -> None:
    context = install_state(engine, a_context())
    for minutes in order:
        assert engine.reserve(context, f"{minutes}", lease=minutes * MINUTE).granted
    for held in (3, 2, 1):
        time.move(MINUTE - MS)
        assert used(engine, context) == (held, held, held)
        time.move(MS)
        assert used(engine, context) == (held - 1, held - 1, held - 1)


def test_a_reservation_asked_again_after_it_lapsed_is_a_new_one(engine: Engine, time: MovableClock) -> None:
    context = install_state(engine, a_context())
    engine.reserve(context, "a", lease=LEASE)
    time.move(LEASE)
    assert engine.reserve(context, "a", lease=LEASE).verdict is Verdict.GRANTED
    assert used(engine, context) == (1, 1, 1)
    time.move(LEASE - MS)
    assert used(engine, context) == (1, 1, 1)


def test_what_lapsed_makes_room_in_the_same_question(engine: Engine, time: MovableClock) -> None:
    context = install_state(engine, a_context(run=1, day=1))
    assert engine.reserve(context, "a", lease=LEASE).granted
    time.move(LEASE)
    assert engine.reserve(context, "b", lease=LEASE).granted


@pytest.mark.parametrize("other", [{"kind": Kind.VISIT}, {"run_id": "another"}])
def test_what_lapsed_of_another_kind_or_run_leaves_this_run_s_units_alone(
    engine: Engine, time: MovableClock, other: dict[str, object]
) -> None:
    context = install_state(engine, a_context(run=2))
    for name in ("a", "b"):
        assert engine.reserve(context, name, lease=2 * LEASE).granted
    assert engine.reserve(replace(context, **other), "c", lease=LEASE).granted  # type: ignore[arg-type]  # one field
    time.move(LEASE)
    assert engine.reserve(context, "d", lease=LEASE).reason is Reason.RUN_LIMIT


def test_a_unit_of_yesterday_that_lapses_today_frees_nothing_of_today(
    engine: Engine, time: MovableClock
) -> None:
    context = install_state(engine, a_context())
    time.move(DAY / 2 - MINUTE)
    assert engine.reserve(context, "a", lease=LEASE).granted
    time.move(LEASE)
    assert used(engine, context) == (0, 0, 0)
    assert engine.reserve(context, "b", lease=LEASE).granted
    assert used(engine, context) == (1, 1, 1)


@pytest.mark.parametrize(
    ("verb", "verdict", "units"),
    [(Verb.COMMIT, Verdict.LATE, 1), (Verb.RELEASE, Verdict.ABSENT, 0), (Verb.REPORT, Verdict.NOTED, 0)],
)
def test_settled_after_it_lapsed_it_counts_only_if_it_happened(
    engine: Engine, time: MovableClock, verb: Verb, verdict: Verdict, units: int
) -> None:
    context = install_state(engine, a_context())
    assert engine.reserve(context, "a", lease=LEASE).granted
    time.move(LEASE)
    assert engine.settle(context, verb, "a", Outcome.NONE).verdict is verdict
    assert used(engine, context) == (units, units, units)


def test_only_a_unit_that_is_held_may_act(engine: Engine, time: MovableClock) -> None:
    context = install_state(engine, a_context())
    for name in ("lapsed", "kept", "used", "given back"):
        assert engine.reserve(context, name, lease=2 * LEASE if name == "kept" else LEASE).granted
    engine.settle(context, Verb.COMMIT, "used", Outcome.NONE)
    engine.settle(context, Verb.RELEASE, "given back", Outcome.NONE)
    time.move(LEASE)
    for name in ("lapsed", "used", "given back", "unknown"):
        assert engine.start(context, name).verdict is Verdict.ABSENT
    assert engine.start(context, "kept").verdict is Verdict.STARTED
    time.move(LEASE)
    assert used(engine, context) == (2, 2, 2)


def test_in_the_question_in_which_another_lapses_a_held_unit_may_act(
    engine: Engine, time: MovableClock
) -> None:
    context = install_state(engine, a_context())
    for name, lease in (("lapsed", LEASE), ("kept", 2 * LEASE)):
        assert engine.reserve(context, name, lease=lease).granted
    time.move(LEASE)
    assert engine.start(context, "kept").verdict is Verdict.STARTED


def test_a_unit_is_settled_once(engine: Engine) -> None:
    context = install_state(engine, a_context())
    for name in ("used", "given back"):
        assert engine.reserve(context, name, lease=LEASE).granted
    for _ in range(2):
        assert engine.settle(context, Verb.COMMIT, "used", Outcome.NONE).verdict is Verdict.COMMITTED
    assert engine.settle(context, Verb.RELEASE, "used", Outcome.NONE).verdict is Verdict.COMMITTED
    assert engine.settle(context, Verb.RELEASE, "given back", Outcome.NONE).verdict is Verdict.RELEASED
    assert engine.settle(context, Verb.RELEASE, "given back", Outcome.NONE).verdict is Verdict.ABSENT
    assert used(engine, context) == (1, 1, 1)
    assert engine.settle(context, Verb.COMMIT, "given back", Outcome.NONE).verdict is Verdict.LATE
    assert used(engine, context) == (2, 2, 2)


def test_a_report_leaves_the_unit_held(engine: Engine) -> None:
    context = install_state(engine, a_context())
    engine.reserve(context, "a", lease=LEASE)
    assert engine.settle(context, Verb.REPORT, "a", Outcome.FAILURE).verdict is Verdict.NOTED
    assert used(engine, context) == (1, 1, 1)
    assert engine.start(context, "a").verdict is Verdict.STARTED


def test_a_committed_unit_never_lapses(engine: Engine, time: MovableClock) -> None:
    context = install_state(engine, a_context())
    engine.reserve(context, "a", lease=LEASE)
    engine.settle(context, Verb.COMMIT, "a", Outcome.NONE)
    time.move(LEASE)
    assert used(engine, context) == (1, 1, 1)


def test_what_is_a_week_old_is_forgotten_unless_it_still_acts(engine: Engine, time: MovableClock) -> None:
    context = install_state(engine, a_context())
    for name in ("used", "acting"):
        assert engine.reserve(context, name, lease=LEASE).granted
    engine.settle(context, Verb.COMMIT, "used", Outcome.NONE)
    engine.start(context, "acting")
    time.move(WEEK - MS)
    assert engine.settle(context, Verb.RELEASE, "used", Outcome.NONE).verdict is Verdict.COMMITTED
    assert engine.settle(context, Verb.COMMIT, "used", Outcome.NONE).verdict is Verdict.COMMITTED
    time.move(MS)
    assert engine.settle(context, Verb.RELEASE, "used", Outcome.NONE).verdict is Verdict.ABSENT
    assert engine.settle(context, Verb.COMMIT, "used", Outcome.NONE).verdict is Verdict.LATE
    assert engine.reserve(context, "new", lease=LEASE).granted
    assert engine.settle(context, Verb.RELEASE, "acting", Outcome.NONE).verdict is Verdict.RELEASED
    assert used(engine, context) == (2, 2, 2)


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


@pytest.mark.parametrize("gone", ["lapses", "is given back"])
def test_a_probe_that_says_nothing_lets_the_next_one_through(
    engine: Engine, time: MovableClock, gone: str
) -> None:
    context = install_state(engine, a_context(), HALF_OPEN)
    engine.reserve(context, "probe", lease=LEASE)
    if gone == "lapses":
        time.move(LEASE)
    else:
        engine.settle(context, Verb.RELEASE, "probe", Outcome.NONE)
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


def test_installing_leaves_nothing_of_what_was_counted_before(engine: Engine) -> None:
    context = install_state(engine, a_context(gap=MINUTE))
    engine.reserve(context, "a", lease=LEASE)
    for number in range(THRESHOLD):
        fail(engine, context, f"{number}", Verb.REPORT)
    install_state(engine, context, QuotaState((Charge(Kind.VISIT, "v", NOON, "run"),)))
    assert used(engine, context) == (0, 0, 0)
    assert engine.remaining(context).reason is None
    assert used(engine, replace(context, kind=Kind.VISIT)) == (1, 1, 1)
