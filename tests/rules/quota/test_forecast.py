"""The forecast of single cases: who is reached when, and why some are late or missed."""

from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction

import pytest

from tests.rules.quota.forecast_cases import (
    DAY,
    FREE,
    HOUR,
    MONDAY,
    NOON,
    an_action,
    an_allowance,
    outcomes,
    run_forecast,
)
from worker.errors import Reason
from worker.rules.model import Kind
from worker.rules.quota.breaker import Breaker
from worker.rules.quota.forecast import DayUsage, Forecast
from worker.rules.quota.limits import Limits, Totals
from worker.rules.quota.model import Charge, QuotaState
from worker.rules.quota.windows import WEEKDAYS, Hours


def test_a_raised_limit_can_make_one_person_later_because_another_was_greeted_in_time() -> None:
    people = [an_action(1, late=9), an_action(2, late=9), an_action(3, MONDAY + DAY, late=9)]
    low, high = (
        run_forecast(people, an_allowance(replace(FREE, per_day=day, per_week=2, per_run=9)))
        for day in (1, 2)
    )
    assert outcomes(low) == {1: (0, None), 3: (0, None), 2: (7, Reason.DAY_LIMIT)}
    assert outcomes(high) == {1: (0, None), 2: (0, None), 3: (6, Reason.WEEK_LIMIT)}


def test_planned_ones_go_first_then_today_s_then_the_latest_birthday() -> None:
    limits = Limits(9, 9, 9, HOUR, HOUR)
    yesterday, before = MONDAY - DAY, MONDAY - 2 * DAY
    people = [
        an_action(1, before),
        an_action(2, yesterday),
        an_action(3),
        an_action(4, before, campaign="a", not_before=NOON),
    ]
    found = sorted(run_forecast(people, an_allowance(limits)).actions, key=lambda each: str(each.reached_at))
    assert [each.action.contact_id for each in found] == [4, 3, 2, 1]
    assert [each.reached_at for each in found] == [NOON + n * HOUR for n in range(4)]


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (replace(FREE, per_day=1), Reason.DAY_LIMIT),
        (replace(FREE, per_run=1), Reason.RUN_LIMIT),
        (replace(FREE, gap_min=13 * HOUR, gap_max=13 * HOUR), Reason.GAP),
        (Limits(9, 9, 9, 2 * HOUR, 2 * HOUR, Hours(closes=13 * HOUR)), Reason.OUTSIDE_HOURS),
    ],
)  # fmt: skip
def test_what_holds_the_second_back_is_told(limits: Limits, reason: Reason) -> None:
    assert outcomes(run_forecast([an_action(1), an_action(2)], an_allowance(limits))) == {
        1: (0, None),
        2: (1, reason),
    }


def test_the_week_s_limit_makes_one_late_and_one_missed() -> None:
    used = QuotaState(tuple(Charge(Kind.GREET, str(n), NOON - (6 - n) * DAY) for n in range(2)))
    people = [an_action(1), an_action(2)]
    found = run_forecast(people, an_allowance(replace(FREE, per_week=2, per_day=2)), used)
    assert outcomes(found) == {1: (1, Reason.WEEK_LIMIT), 2: (2, Reason.WEEK_LIMIT)}
    short = run_forecast(
        [an_action(1, late=1), an_action(2, late=1)], an_allowance(replace(FREE, per_week=2, per_day=2)), used
    )
    assert outcomes(short) == {1: (1, Reason.WEEK_LIMIT), 2: (None, Reason.WEEK_LIMIT)}


def test_a_birthday_on_a_weekend_waits_for_the_working_days() -> None:
    weekdays = an_allowance(replace(FREE, hours=Hours(7 * HOUR, 19 * HOUR, WEEKDAYS)))
    saturday = MONDAY + 5 * DAY
    found = run_forecast([an_action(1, saturday), an_action(2, saturday, late=1)], weekdays)
    assert outcomes(found) == {1: (2, Reason.OUTSIDE_HOURS), 2: (None, Reason.OUTSIDE_HOURS)}
    assert found.actions[0].reached_at == datetime(2027, 6, 14, 7, tzinfo=UTC)


def test_nobody_is_reached_before_what_they_wait_for_is_over_where_the_hours_have_begun() -> None:
    found = run_forecast([an_action(1, MONDAY + DAY, not_before=NOON + DAY)], an_allowance())
    assert found.actions[0].reached_at == NOON + DAY


def test_who_is_late_already_and_reached_at_once_was_held_back_by_nothing() -> None:
    assert outcomes(run_forecast([an_action(1, MONDAY - 2 * DAY)], an_allowance())) == {1: (2, None)}


def test_a_run_goes_on_with_its_rest_beside_the_next_day_s() -> None:
    people = [an_action(1), an_action(2), an_action(3, MONDAY + DAY), an_action(4, MONDAY + DAY)]
    found = run_forecast(people, an_allowance(replace(FREE, per_run=1)))
    assert outcomes(found)[2] == outcomes(found)[4] == (1, Reason.RUN_LIMIT)
    assert [day.used for day in found.days][:3] == [1, 2, 1]


def test_a_full_run_holds_no_other_run_up() -> None:
    people = [an_action(1, campaign="a"), an_action(2, campaign="a"), an_action(3, campaign="b")]
    found = run_forecast(people, an_allowance(replace(FREE, per_run=1)))
    assert outcomes(found) == {1: (0, None), 3: (0, None), 2: (1, Reason.RUN_LIMIT)}


def test_a_full_run_s_rest_comes_in_turn_on_the_next_day_also_where_others_wait() -> None:
    people = [an_action(n, campaign="a" if n < 4 else "b") for n in range(1, 6)]
    found = outcomes(run_forecast(people, an_allowance(replace(FREE, per_run=2, per_day=2))))
    assert found[3] == (1, Reason.RUN_LIMIT)
    assert found[4] == (1, Reason.DAY_LIMIT)
    assert found[5] == (2, Reason.DAY_LIMIT)


def test_the_ramp_lets_more_through_from_week_to_week() -> None:
    allowance = an_allowance(replace(FREE, per_day=6), warm_up_on=MONDAY - 6 * DAY)
    found = run_forecast([an_action(n, MONDAY + n % 2 * DAY) for n in range(12)], allowance)
    assert found.days[:4] == (
        DayUsage(MONDAY, 2, 2), DayUsage(MONDAY + DAY, 3, 3),
        DayUsage(MONDAY + 2 * DAY, 3, 3), DayUsage(MONDAY + 3 * DAY, 3, 3),
    )  # fmt: skip


def test_a_cut_ends_in_the_middle_of_a_day_and_a_pause_is_waited_for() -> None:
    limits = replace(FREE, per_day=3)
    cut = an_allowance(limits, cut_until=NOON + 2 * HOUR)
    found = run_forecast([an_action(n) for n in range(3)], cut)
    assert [each.reached_at for each in found.actions] == [NOON, NOON, NOON + 2 * HOUR]
    paused = an_allowance(limits, paused_until=NOON + DAY)
    assert outcomes(run_forecast([an_action(1)], paused)) == {1: (1, Reason.LIMIT_PAGE)}


def test_other_kinds_eat_no_share_that_is_kept_for_greetings() -> None:
    visits = QuotaState(tuple(Charge(Kind.VISIT, str(n), NOON - HOUR) for n in range(5)))
    shared = an_allowance(totals=Totals(5, 100))
    assert outcomes(run_forecast([an_action(1)], shared, visits)) == {1: (1, Reason.ALL_DAY_LIMIT)}
    week = an_allowance(totals=Totals(6, 6))
    found = run_forecast([an_action(1), an_action(2)], week, visits)
    assert outcomes(found) == {1: (0, None), 2: (None, Reason.ALL_WEEK_LIMIT)}


def test_an_open_breaker_is_waited_for_and_closed_by_the_first() -> None:
    state = QuotaState(breakers={Kind.GREET: Breaker(3, 1, NOON + 4 * HOUR)})
    found = run_forecast([an_action(1), an_action(2)], an_allowance(), state)
    assert [each.reached_at for each in found.actions] == [NOON + 4 * HOUR] * 2


def test_those_after_the_last_day_compete_but_are_not_told_of() -> None:
    people = [an_action(1), an_action(2), an_action(3, MONDAY + DAY)]
    found = run_forecast(people, an_allowance(replace(FREE, per_day=1)), last=MONDAY)
    assert outcomes(found) == {1: (0, None), 2: (2, Reason.DAY_LIMIT)}
    assert [day.used for day in found.days] == [1, 1, 1]


def test_nobody_comes_to_nothing() -> None:
    found = run_forecast([], an_allowance(replace(FREE, per_day=0, per_week=0)), last=MONDAY + DAY)
    assert found == Forecast((), (DayUsage(MONDAY, 0, 0), DayUsage(MONDAY + DAY, 0, 0)))


@pytest.mark.parametrize(
    ("days_ago", "share"),
    [(None, Fraction(1)), (0, Fraction(1, 3)), (7, Fraction(1, 2)), (14, Fraction(4, 5)), (21, Fraction(1))],
)
def test_the_limits_in_force_are_a_share_of_the_account_s_own(days_ago: int | None, share: Fraction) -> None:
    began = MONDAY - days_ago * DAY if days_ago is not None else None
    context = an_allowance(warm_up_on=began).context_at(NOON, "run")
    assert context.limits.per_day == int(1000 * share)
    assert context.totals.per_week == int(70_000 * share)
    assert (context.run_id, context.account_id, context.kind) == ("run", 1, Kind.GREET)
