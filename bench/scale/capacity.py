"""Machines and money for many accounts: what the other benches measured, and a simulation of a day.

`./run bench capacity` reads docs/performance.json and prints the tables of docs/capacity.md; it
writes them there, with a picture of the lag as the load doubles. `--quick` writes nothing.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Final

from matplotlib.figure import Figure

from bench.command import Form, Given, run_bench
from bench.page import PAGE as PERFORMANCE
from bench.picture import save_picture
from bench.report import Row
from bench.results import read_results
from bench.scale.day import SPEED
from bench.scale.simulation import (
    HOURS_S,
    STEP_S,
    Outcome,
    count_actions_a_week,
    find_capacity,
    list_streams,
    simulate,
)
from bench.scale.sizing import Assumptions, Need, list_limits, size
from bench.scale.unit_costs import UnitCosts, read_lags, read_unit_costs

PAGE: Final = Path(__file__).parents[2] / "docs" / "capacity.md"
PICTURE: Final = PAGE.with_suffix(".svg")
ACCOUNTS: Final = (1_000, 100_000, 10_000_000)
LONGEST_LAG_S: Final = 600
DOUBLINGS: Final = tuple(1_000 * 2**power for power in range(9))


def list_loads(costs: UnitCosts) -> Sequence[tuple[int, Outcome]]:
    """Simulate the measured machine's day with more and more accounts."""
    streams = list_streams()
    return [(count, simulate(streams, costs.without_browser_a_second / count)) for count in DOUBLINGS]


def compare_with_run(costs: UnitCosts, lags: Sequence[tuple[float, float]]) -> Row:
    """Return the row that compares the simulation with the day's bench, which ran `SPEED` times as fast."""
    until_s = max(until for until, _ in lags)
    measured_s = max(oldest for _, oldest in lags)
    outcome = simulate(list_streams()[:1], costs.without_browser_a_second / SPEED / 1_000)
    simulated_s = max(outcome.lags_s[: int(until_s * SPEED / STEP_S)]) / SPEED
    return Row(
        "oldest due in the bench of a day, simulated", f"{simulated_s:.1f} s", f"run, {measured_s:.1f} s",
        f"{simulated_s / measured_s:.2f}", "",
    )  # fmt: skip


def build_rows(needs: Sequence[Need], costs: UnitCosts, loads: Sequence[tuple[int, Outcome]]) -> list[Row]:
    """Return the rows of docs/performance.md."""
    rows = [
        Row(
            f"{need.accounts:,} accounts",
            f"{need.machines:,} machines, {need.dollars_a_month:,.0f} dollars a month",
            f"{need.dollars_of_an_account:.2f} dollars an account", "", "",
        )
        for need in needs
    ]  # fmt: skip
    carried = max((count for count, outcome in loads if outcome.longest_lag_s <= LONGEST_LAG_S), default=0)
    rate = f"{costs.without_browser_a_second:.0f} actions a second"
    return [*rows, Row("accounts on the measured machine, without browsers", f"{carried:,}", rate, "", "")]


def build_tables(
    capacity: float, needs: Sequence[Need], costs: UnitCosts, loads: Sequence[tuple[int, Outcome]]
) -> dict[str, str]:
    """Return the Markdown that stands on the page, by the name of its place."""
    given = Assumptions()
    return {
        "unit costs": _table(("cost", "measured"), ((name, f"{value:,.2f}") for name, value in _name(costs))),
        "assumptions": _table(("input", "value"), ((name, f"{value:g}") for name, value in _name(given))),
        "needs": _table(
            (
                "accounts", "actions a second", "browser workers", "cores: workers", "Postgres", "Redis",
                "control", "GB of Redis", "GB after a year", "shards", "machines", "dollars a month",
                "an account",
            ),
            map(_describe, needs),
        ),
        "limits": _table(
            ("what", "costs", "a second", "accounts", "what to change then"),
            (
                (each.what, each.cost, f"{each.a_second:,.2f}", f"{each.accounts:,.0f}", each.then)
                for each in list_limits(capacity, costs, given)
            ),
        ),
        "loads": _table(
            ("accounts", "longest lag of the oldest due", "done at the end of the hours"),
            (
                (f"{count:,}", f"{outcome.longest_lag_s / 60:,.1f} min", f"{100 * outcome.done:.0f} %")
                for count, outcome in loads
            ),
        ),
    }  # fmt: skip


def _name(costs: UnitCosts | Assumptions) -> Iterator[tuple[str, float]]:
    for field in fields(costs):
        yield f"`{field.name}`", getattr(costs, field.name)


def _describe(need: Need) -> tuple[str, ...]:
    cores = need.worker_cores, need.postgres_cores, need.redis_cores, need.control_cores
    return (
        f"{need.accounts:,}",
        f"{need.actions_a_second:,.1f}",
        f"{need.workers:,}",
        *(f"{each:,.2f}" if each < 10 else f"{each:,.0f}" for each in (*cores, need.redis_gb)),
        f"{need.storage_gb:,.0f}",
        f"{need.shards:,}",
        f"{need.machines:,}",
        f"{need.dollars_a_month:,.0f}",
        f"{need.dollars_of_an_account:.2f}",
    )


def _table(headings: Sequence[str], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def fill_page(page: str, tables: dict[str, str]) -> str:
    """Return the page with these tables in their places. Raises ValueError if one has no place."""
    for name, table in tables.items():
        start, end = f"<!-- capacity {name} -->\n", "<!-- end -->"
        filled = f"{start}\n{table}\n\n{end}"
        page, count = re.subn(f"{start}.*?{end}", filled.replace("\\", r"\\"), page, flags=re.DOTALL)
        if count != 1:
            raise ValueError(f"{PAGE.name} must have the place of {name} once, not {count} times")
    return page


def draw_lags(loads: Sequence[tuple[int, Outcome]], file: Path) -> None:
    """Draw the lag of the oldest due action over the working hours, for each load."""
    figure = Figure(figsize=(9, 4.5), layout="constrained")
    axes = figure.subplots()
    for number, (count, outcome) in enumerate(loads):
        hours = [7 + 12 * step / len(outcome.lags_s) for step in range(len(outcome.lags_s))]
        shade = 0.2 + 0.8 * number / len(loads)
        minutes = [lag / 60 for lag in outcome.lags_s]
        axes.plot(hours, minutes, color="#b3402e", alpha=shade, label=f"{count:,}")
    axes.set_yscale("symlog", linthresh=1)
    axes.set_xlim(7, 7 + HOURS_S / 3600)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("hour of the day")
    axes.set_ylabel("minutes that the oldest due action has waited")
    axes.legend(title="accounts", fontsize=8)
    save_picture(figure, file)


def measure(given: Given) -> Sequence[Row]:
    """Reckon, and write the page."""
    results = read_results(PERFORMANCE.with_suffix(".json"))
    costs = read_unit_costs(results)
    capacity = find_capacity(list_streams(), LONGEST_LAG_S)
    needs = [size(count, capacity, count_actions_a_week(), costs, Assumptions()) for count in ACCOUNTS]
    loads = list_loads(costs)
    if given.form is not Form.QUICK:
        PAGE.write_text(fill_page(PAGE.read_text(), build_tables(capacity, needs, costs, loads)))
        draw_lags(loads, PICTURE)
    return [*build_rows(needs, costs, loads), compare_with_run(costs, read_lags(results))]


if __name__ == "__main__":
    run_bench(__doc__, measure)
