"""How a unit is held, expires, is settled and released, in the script and in the rule."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.quota.helpers import DAY, LEASE, NOON, WEEK, Engine, MovableClock, a_context, fail, install_state
from worker.errors import Reason
from worker.rules.model import Kind
from worker.rules.quota.breaker import THRESHOLD, Outcome
from worker.rules.quota.model import Charge, QuotaContext, QuotaState, Verb, Verdict

MS, SECOND, MINUTE = timedelta(milliseconds=1), timedelta(seconds=1), timedelta(minutes=1)


def used(engine: Engine, context: QuotaContext) -> tuple[int, int, int]:
    """Units used of the run, the day and the week."""
    left = engine.remaining(context).remaining
    assert left is not None
    limits = context.limits
    return limits.per_run - left.run, limits.per_day - left.day, limits.per_week - left.week


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


def test_installing_leaves_nothing_of_what_was_counted_before(engine: Engine) -> None:
    context = install_state(engine, a_context(gap=MINUTE))
    engine.reserve(context, "a", lease=LEASE)
    for number in range(THRESHOLD):
        fail(engine, context, f"{number}", Verb.REPORT)
    install_state(engine, context, QuotaState((Charge(Kind.VISIT, "v", NOON, "run"),)))
    assert used(engine, context) == (0, 0, 0)
    assert engine.remaining(context).reason is None
    assert used(engine, replace(context, kind=Kind.VISIT)) == (1, 1, 1)


def test_a_unit_of_yesterday_does_not_act_today(engine: Engine, time: MovableClock) -> None:
    context = install_state(engine, a_context(day=1))
    time.move(DAY / 2 - MS)
    assert engine.reserve(context, "a", lease=LEASE).granted
    time.move(MS)
    assert engine.start(context, "a").verdict is Verdict.ABSENT
    assert engine.settle(context, Verb.RELEASE, "a", Outcome.NONE).verdict is Verdict.RELEASED
    assert engine.reserve(context, "b", lease=LEASE).granted
    assert engine.start(context, "b").verdict is Verdict.STARTED


def test_a_unit_counts_for_a_week_from_when_it_began_to_act(engine: Engine, time: MovableClock) -> None:
    context = install_state(engine, a_context())
    engine.reserve(context, "a", lease=LEASE)
    time.move(MINUTE)
    engine.start(context, "a")
    engine.settle(context, Verb.COMMIT, "a", Outcome.NONE)
    time.move(WEEK - MS)
    assert used(engine, context) == (0, 0, 1)
    time.move(MS)
    assert used(engine, context) == (0, 0, 0)
