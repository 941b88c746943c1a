"""Limits: which are refused, how they ramp up and are cut, and which ceilings no setting exceeds."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.rules.model import Kind
from worker.rules.quota.limits import (
    CUT_FOR,
    CUT_SHARE,
    DEFAULT_QUOTA,
    PAUSE_FOR,
    PRACTICE_QUOTA,
    Limits,
    Totals,
    cap_limits,
    cap_totals,
    draw_gap,
    scale_limits,
    scale_totals,
    warm_up_share,
)
from worker.rules.quota.windows import WEEKDAYS, Hours
from worker.rules.sites.registry import site_quota

MINUTE = timedelta(minutes=1)
UTC_ZONE = ZoneInfo("UTC")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda: Limits(-1, 1, 1, MINUTE, MINUTE), "negative"),
        (lambda: Limits(1, -1, 1, MINUTE, MINUTE), "negative"),
        (lambda: Limits(1, 1, -1, MINUTE, MINUTE), "negative"),
        (lambda: Limits(1, 8, 7, MINUTE, MINUTE), "8.*7"),
        (lambda: Limits(1, 1, 1, 2 * MINUTE, MINUTE), "shortest"),
        (lambda: Limits(1, 1, 1, -MINUTE, MINUTE), "shortest"),
        (lambda: Limits(1, 1, 1, MINUTE, timedelta(days=2)), "a day"),
        (lambda: Limits(1, 2, 3, MINUTE, MINUTE, reserved_per_day=3), "3.*2"),
        (lambda: Totals(-1, 1), "negative"),
        (lambda: Totals(8, 7), "8.*7"),
    ],
)
def test_limits_that_contradict_themselves_are_refused(wrong: Callable[[], object], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        wrong()


def test_the_defaults_are_the_designs() -> None:
    greet, visit, collect = (DEFAULT_QUOTA.limits[kind] for kind in (Kind.GREET, Kind.VISIT, Kind.COLLECT))
    assert (greet.per_run, greet.per_day, greet.per_week) == (15, 15, 75)
    assert (greet.gap_min, greet.gap_max) == (timedelta(seconds=90), timedelta(seconds=180))
    assert (greet.hours.opens, greet.hours.closes) == (timedelta(hours=7), timedelta(hours=19))
    assert (visit.per_day, visit.per_week, visit.hours.days) == (40, 200, WEEKDAYS)
    assert (collect.per_day, collect.per_week) == (10, 50)
    assert (greet.reserved_per_day, visit.reserved_per_day, collect.reserved_per_day) == (15, 0, 0)
    assert collect.hours == visit.hours == DEFAULT_QUOTA.limits[Kind.WITHDRAW].hours
    assert Totals(80, 400) == DEFAULT_QUOTA.totals
    assert (Fraction(7, 10), timedelta(days=7), timedelta(hours=24)) == (CUT_SHARE, CUT_FOR, PAUSE_FOR)


def test_the_ceilings_are_the_documents() -> None:
    assert DEFAULT_QUOTA.ceilings == {
        Kind.GREET: Totals(30, 120), Kind.VISIT: Totals(80, 400),
        Kind.COLLECT: Totals(30, 150), Kind.WITHDRAW: Totals(30, 150),
    }  # fmt: skip
    assert DEFAULT_QUOTA.total_ceiling == Totals(110, 550)


@pytest.mark.parametrize("kind", Kind)
def test_the_defaults_are_within_the_ceilings(kind: Kind) -> None:
    assert DEFAULT_QUOTA.refusal(kind, DEFAULT_QUOTA.limits[kind]) is None
    assert DEFAULT_QUOTA.total_refusal(DEFAULT_QUOTA.totals) is None


@pytest.mark.parametrize(
    ("per_day", "per_week", "told"), [(31, 120, "31 a day.*30"), (30, 121, "121 in 7 days.*120")]
)
def test_no_setting_exceeds_the_hard_ceiling(per_day: int, per_week: int, told: str) -> None:
    wanted = replace(DEFAULT_QUOTA.limits[Kind.GREET], per_day=per_day, per_week=per_week)
    assert re.search(told, DEFAULT_QUOTA.refusal(Kind.GREET, wanted) or "")
    held = cap_limits(DEFAULT_QUOTA, Kind.GREET, wanted)
    assert (held.per_day, held.per_week) == (min(per_day, 30), min(per_week, 120))
    at_it = replace(DEFAULT_QUOTA.limits[Kind.GREET], per_day=30, per_week=120)
    assert DEFAULT_QUOTA.refusal(Kind.GREET, at_it) is None


def test_a_reserved_share_is_no_more_than_what_the_ceiling_leaves_of_the_day() -> None:
    much = replace(DEFAULT_QUOTA.limits[Kind.GREET], per_day=40, per_week=120, reserved_per_day=35)
    held = cap_limits(DEFAULT_QUOTA, Kind.GREET, much)
    assert (held.per_day, held.reserved_per_day) == (30, 30)


def test_ours_together_have_a_ceiling_too() -> None:
    assert DEFAULT_QUOTA.total_refusal(Totals(110, 550)) is None
    for above in (Totals(111, 550), Totals(110, 551)):
        assert DEFAULT_QUOTA.total_refusal(above) is not None
        assert cap_totals(DEFAULT_QUOTA, above) == Totals(110, 550)
        assert cap_totals(PRACTICE_QUOTA, above) == above
    assert cap_totals(DEFAULT_QUOTA, Totals(3, 9)) == Totals(3, 9)


def test_the_practice_network_may_be_used_without_measure_and_a_real_site_may_not() -> None:
    much = Limits(10**6, 10**6, 10**6, timedelta(0), timedelta(0))
    assert site_quota("sandbox") is site_quota("ledger") is PRACTICE_QUOTA
    assert all(limits.hours == Hours() for limits in PRACTICE_QUOTA.limits.values())
    assert PRACTICE_QUOTA.total_refusal(Totals(10**6, 10**6)) is None
    assert PRACTICE_QUOTA.refusal(Kind.GREET, much) is None
    assert cap_limits(PRACTICE_QUOTA, Kind.GREET, much) == much
    assert site_quota("linkedin") is DEFAULT_QUOTA
    assert site_quota("a site nobody has heard of") is DEFAULT_QUOTA


@pytest.mark.parametrize(
    ("day", "share"),
    [
        (0, Fraction(1, 3)), (6, Fraction(1, 3)), (7, Fraction(1, 2)), (13, Fraction(1, 2)),
        (14, Fraction(4, 5)), (20, Fraction(4, 5)), (21, Fraction(1)), (400, Fraction(1)),
        (-3, Fraction(1, 3)),
    ],
)  # fmt: skip
def test_a_new_account_warms_up_week_by_week(day: int, share: Fraction) -> None:
    began = date(2027, 3, 1)
    now = datetime(2027, 3, 1, 12, tzinfo=UTC) + timedelta(days=day)
    assert warm_up_share(began, now, UTC_ZONE) == share
    assert warm_up_share(None, now, UTC_ZONE) == 1


def test_the_ramp_follows_the_accounts_own_calendar() -> None:
    late = datetime(2027, 3, 7, 23, 30, tzinfo=UTC)  # already the eighth day in Paris
    assert warm_up_share(date(2027, 3, 1), late, UTC_ZONE) == Fraction(1, 3)
    assert warm_up_share(date(2027, 3, 1), late, ZoneInfo("Europe/Paris")) == Fraction(1, 2)


def test_a_third_of_the_defaults_and_seven_tenths() -> None:
    third = scale_limits(DEFAULT_QUOTA.limits[Kind.GREET], Fraction(1, 3))
    assert (third.per_run, third.per_day, third.per_week, third.reserved_per_day) == (5, 5, 25, 5)
    assert scale_totals(DEFAULT_QUOTA.totals, Fraction(1, 3)) == Totals(26, 133)
    assert scale_limits(DEFAULT_QUOTA.limits[Kind.VISIT], CUT_SHARE).per_day == 28
    few = scale_limits(Limits(2, 2, 4, MINUTE, MINUTE), Fraction(1, 3))  # rounded down, but not to 0
    assert (few.per_run, few.per_day, few.per_week, few.reserved_per_day) == (1, 1, 1, 0)


@given(st.integers(0, 50), st.integers(0, 50), st.sampled_from([Fraction(1, 3), Fraction(1, 2), CUT_SHARE]))
def test_a_share_is_never_more_and_never_nothing_of_something(day: int, more: int, share: Fraction) -> None:
    limits = Limits(day, day, day + more, MINUTE, MINUTE, reserved_per_day=day // 2)
    part = scale_limits(limits, share)
    for count, left in ((limits.per_day, part.per_day), (limits.per_week, part.per_week)):
        assert min(count, 1) <= left <= count


def test_a_gap_is_as_far_between_its_bounds_as_the_jitter() -> None:
    limits = Limits(9, 9, 9, MINUTE, 3 * MINUTE)
    assert [draw_gap(limits, jitter) for jitter in (0, 0.25)] == [MINUTE, 1.5 * MINUTE]
    assert draw_gap(replace(limits, gap_max=MINUTE + timedelta(microseconds=1500)), 0.9) == timedelta(
        minutes=1, milliseconds=1
    )


@given(st.floats(0, 0.9999999))
def test_a_gap_is_drawn_between_its_bounds_in_whole_milliseconds(jitter: float) -> None:
    limits = DEFAULT_QUOTA.limits[Kind.GREET]
    gap = draw_gap(limits, jitter)
    assert limits.gap_min <= gap <= limits.gap_max
    assert gap % timedelta(milliseconds=1) == timedelta(0)
