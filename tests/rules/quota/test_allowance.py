"""The limits in force: an account's own, under the ceilings, reduced in warm-up and after a limit page."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from worker.rules.model import Kind
from worker.rules.quota.allowance import Allowance
from worker.rules.quota.limits import DEFAULT_QUOTA, Totals

NOON = datetime(2027, 6, 15, 12, tzinfo=UTC)
MS, DAY = timedelta(milliseconds=1), timedelta(days=1)
OWN = Allowance(
    7,
    ZoneInfo("Pacific/Auckland"),
    Kind.GREET,
    DEFAULT_QUOTA,
    DEFAULT_QUOTA.limits,
    DEFAULT_QUOTA.totals,
    epoch=3,
)


def test_without_more_the_account_s_own_limits_are_in_force() -> None:
    context = OWN.context_at(NOON, "run")
    assert (context.account_id, context.zone, context.kind, context.run_id) == (
        7,
        OWN.zone,
        Kind.GREET,
        "run",
    )
    assert (context.limits, context.totals, context.epoch) == (
        DEFAULT_QUOTA.limits[Kind.GREET],
        DEFAULT_QUOTA.totals,
        3,
    )
    assert context.shares == {Kind.GREET: 15, Kind.VISIT: 0, Kind.COLLECT: 0, Kind.WITHDRAW: 0}
    assert context.paused_until is None


def test_no_row_lifts_a_limit_above_the_ceiling() -> None:
    much = {
        kind: replace(limits, per_day=900, per_week=900, reserved_per_day=50)
        for kind, limits in DEFAULT_QUOTA.limits.items()
    }
    context = replace(OWN, limits=much, totals=Totals(900, 900)).context_at(NOON, "run")
    assert (context.limits.per_day, context.limits.per_week) == (30, 120)
    assert context.totals == Totals(110, 550)
    assert context.shares[Kind.GREET] == 30


def test_while_an_account_warms_up_every_limit_and_share_is_less() -> None:
    began = date(2027, 6, 16)  # which it is in Auckland
    warming = replace(OWN, warm_up_on=began)
    assert warming.context_at(NOON + 7 * DAY - MS, "run").limits.per_day == 5
    context = warming.context_at(NOON + 7 * DAY, "run")
    assert (context.limits.per_run, context.limits.per_day, context.limits.per_week) == (7, 7, 37)
    assert context.totals == Totals(40, 200)
    assert context.shares[Kind.GREET] == 7


def test_a_limit_page_cuts_its_own_kind_until_the_instant_it_says() -> None:
    cut = replace(OWN, cut_until=NOON)
    assert (cut.is_cut(NOON - MS), cut.is_cut(NOON), OWN.is_cut(NOON)) == (True, False, False)
    context = cut.context_at(NOON - MS, "run")
    assert (context.limits.per_day, context.limits.per_week, context.shares[Kind.GREET]) == (10, 52, 10)
    assert context.totals == DEFAULT_QUOTA.totals
    visits = replace(cut, kind=Kind.VISIT).context_at(NOON - MS, "run")
    assert (visits.limits.per_day, visits.shares[Kind.GREET]) == (28, 15)
    assert cut.context_at(NOON, "run").limits == DEFAULT_QUOTA.limits[Kind.GREET]


def test_a_pause_is_told_until_it_is_over() -> None:
    paused = replace(OWN, paused_until=NOON)
    assert paused.context_at(NOON - MS, "run").paused_until == NOON
    assert paused.context_at(NOON, "run").paused_until is None
