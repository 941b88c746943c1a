"""The arithmetic of the benches of scale: the day's lag, what the simulation finds, and what it costs."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.page import PAGE as PERFORMANCE
from bench.results import Results, Table, read_results
from bench.scale import capacity, day, million
from bench.scale.simulation import HOURS_S, Stream, find_capacity, list_streams, simulate
from bench.scale.sizing import Assumptions, list_limits, size
from bench.scale.unit_costs import UnitCosts, read_lags, read_unit_costs

TEN = Stream(per_day=10, least_gap_s=60, most_gap_s=60)
COSTS = UnitCosts(
    workers_ms=8, control_ms=1, postgres_ms=4, redis_ms=0.5, dispatch_ms=2, planning_ms=10,
    without_browser_a_second=100, browser_s=0.5, browser_mb=1000, action_kb=2, contact_kb=1, quota_kib=8,
)  # fmt: skip


def test_with_enough_capacity_nothing_waits_and_only_the_gaps_take_time() -> None:
    outcome = simulate([TEN], 1.0)
    assert outcome.longest_lag_s == 0
    assert outcome.done == pytest.approx(1)
    assert outcome.ended_s == pytest.approx(9 * 60, abs=9 * 10 + 10)


def test_what_is_due_waits_for_those_before_it() -> None:
    once = Stream(per_day=1, least_gap_s=60, most_gap_s=60)
    outcome = simulate([once], 1 / 3600)  # everybody is due at once, and served within an hour
    assert outcome.longest_lag_s == pytest.approx(3600, abs=20)
    assert outcome.ended_s == pytest.approx(3600, abs=20)


def test_the_working_hours_end_before_too_much_work_does() -> None:
    outcome = simulate([TEN], 5 / HOURS_S)
    assert outcome.done == pytest.approx(0.5, abs=0.01)
    assert outcome.ended_s is None


def test_the_least_capacity_is_found() -> None:
    least = find_capacity([TEN], 600)
    assert simulate([TEN], least).longest_lag_s <= 600
    assert simulate([TEN], least * 0.99).longest_lag_s > 600


def test_units_are_read_from_what_the_benches_measured() -> None:
    costs = read_unit_costs(read_results(PERFORMANCE.with_suffix(".json")))
    assert all(getattr(costs, name) > 0 for name in costs.__slots__)
    row = ("greetings", "1,200 in 93 s, 1,290 a minute", "", "", "")
    table = Table(name="lasting", at="2026-11-29T10:00:00+00:00", machine="m", seconds=1, rows=(row,))
    assert read_lags(read_results(PERFORMANCE.with_suffix(".json")))
    with pytest.raises(ValueError, match="the bench day has measured no"):
        read_unit_costs(Results(tables=(table,)))


def test_what_is_needed_grows_with_the_accounts() -> None:
    few, many = (size(count, 0.01, 100, COSTS, Assumptions()) for count in (1_000, 1_000_000))
    assert many.actions_a_second == 1000 * few.actions_a_second == 10_000
    assert few.workers == 105  # ten a second, 10.5 s each
    assert (few.shards, many.shards) == (1, 9)  # of 4 ms each on 60 % of a core, or 0.5 ms on one Redis
    assert few.storage_gb == pytest.approx(1_000 * (100 / 7 * 365 * 2 + 1_000) / 1e6)
    assert many.dollars_a_month == pytest.approx(1000 * few.dollars_a_month, rel=0.01)


def test_what_saturates_first_is_the_first() -> None:
    limits = list_limits(0.01, COSTS, Assumptions())
    assert [limit.accounts for limit in limits] == sorted(limit.accounts for limit in limits)
    assert limits[0].what == "one browser worker"
    slow = list_limits(0.01, replace(COSTS, redis_ms=50_000), Assumptions())
    assert slow[0].what.startswith("one Redis")


def test_the_page_has_a_place_for_every_table_and_the_picture_is_drawn(tmp_path: Path) -> None:
    loads = [(count, simulate([TEN], 1 / count)) for count in (1, 2_000)]
    needs = [size(1_000, 0.01, 100, COSTS, Assumptions())]
    tables = capacity.build_tables(0.01, needs, COSTS, loads)
    page = capacity.PAGE.read_text()
    filled = capacity.fill_page(page, tables)
    assert "| 1,000 | 10.0 | 105 |" in filled
    assert capacity.fill_page(filled, tables) == filled
    with pytest.raises(ValueError, match="the place of unheard of"):
        capacity.fill_page(page, {"unheard of": ""})
    capacity.draw_lags(loads, tmp_path / "lag.svg")
    assert "<svg" in (tmp_path / "lag.svg").read_text()
    rows = capacity.build_rows(needs, COSTS, loads)
    assert (rows[-1].what, rows[-1].measured) == ("accounts on the measured machine, without browsers", "1")


def test_the_simulation_is_compared_with_the_run() -> None:
    # a thousand accounts, one a second: the last of them begins after a thousand seconds
    row = capacity.compare_with_run(COSTS, [(5, 9.0), (10, 5.0)])
    assert row.against == "run, 9.0 s"
    assert float(row.measured.split()[0]) == pytest.approx(10, abs=0.3)


def test_the_days_rows_tell_the_oldest_of_each_part_and_what_an_action_cost() -> None:
    samples = [
        day.Sample(n, for_dispatch_s=n / 10, for_worker_s=5 - n / 10, done=10 * n) for n in range(1, 11)
    ]
    rows = {row.what: row.measured for row in day.describe_day(day.QUICK, samples, {"Postgres": 0.9}, 1234)}
    what = f"{day.QUICK.accounts} accounts at 100 x"
    assert rows[f"{what}: throughput"] == "10 a second"
    assert rows[f"{what}: oldest due, until 2 s"].startswith("4.9 s; for dispatch 0.1 s")
    assert rows[f"{what}: processor of Postgres"] == "10.00 ms for an action, 0.10 cores"
    assert rows[f"{what}: growth of the database"] == "1.23 kB for an action"
    ticks = [(8, 0.5), (4, 0.1)]
    rows = {row.what: row.measured for row in day.describe_dispatch(day.QUICK, 0.01, ticks)}
    assert rows["12 accounts: dispatching an action, one process"] == "50.00 ms, 12 in 0.6 s and 2 ticks"


def test_what_a_million_takes_is_compared_by_the_processor_time() -> None:
    few, many = million.Times([0.010] * 20, 0.010), million.Times([0.011] * 10 + [0.012] * 9 + [0.5], 0.012)
    row = million.describe("planning", few, many)
    assert (row.measured, row.ratio) == ("p95 12.0 ms, p50 11.0 ms, 12.0 ms of processor", "1.20")


def test_the_default_quota_is_what_an_account_does() -> None:
    assert [stream.per_day for stream in list_streams()] == [15, 40, 10]
