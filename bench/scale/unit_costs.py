"""What one action, account and contact cost, read from the results of the other benches."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bench.results import Results


@dataclass(frozen=True, slots=True)
class UnitCosts:
    """Milliseconds of processor for an action by who needs them, and what else was measured.

    `browser_s` and `browser_mb` are those of a greeting by a worker and its Chromium on the practice network.
    """

    workers_ms: float
    control_ms: float
    postgres_ms: float
    redis_ms: float
    dispatch_ms: float
    planning_ms: float
    without_browser_a_second: float
    browser_s: float
    browser_mb: float
    action_kb: float
    contact_kb: float
    quota_kib: float


def read_unit_costs(results: Results) -> UnitCosts:
    """Read the costs. Raises ValueError if a bench hasn't run yet."""
    day, dispatched = "1,000 accounts at 100 x", "10,000 accounts"
    return UnitCosts(
        workers_ms=_read(results, "day", f"{day}: processor of the workers", "ms"),
        control_ms=_read(results, "day", f"{day}: processor of control", "ms"),
        postgres_ms=_read(results, "day", f"{day}: processor of Postgres", "ms"),
        redis_ms=_read(results, "day", f"{day}: processor of Redis", "ms"),
        dispatch_ms=_read(results, "day", f"{dispatched}: dispatching an action, one process", "ms"),
        planning_ms=_read(results, "day", f"{dispatched}: planning a campaign, one process", "ms"),
        without_browser_a_second=_read(results, "day", f"{day}: throughput", "a second"),
        browser_s=60 / _read(results, "lasting", "greetings", "a minute"),
        browser_mb=_read(results, "lasting", "most memory", "MB"),
        action_kb=_read(results, "day", f"{day}: growth of the database", "kB"),
        contact_kb=_read(results, "million", "a contact on the disk, with its indexes", "kB"),
        quota_kib=_read(results, "quota", "memory of an account with 160 charges", "KiB"),
    )


def read_lags(results: Results) -> Sequence[tuple[float, float]]:
    """Return after how many seconds of the day's run the oldest due action had waited how many seconds."""
    return [
        (float(until[1]), float(oldest[1]))
        for table in results.tables
        for row in table.all_rows
        if table.name == "day"
        and (until := re.search(r"oldest due, until (\d+) s", row.what))
        and (oldest := re.match(r"([\d.]+) s;", row.measured))
    ]


def _read(results: Results, bench: str, what: str, unit: str) -> float:
    """Return the number before the unit in what a bench measured."""
    for table in results.tables:
        for row in table.all_rows:
            found = re.search(rf"([\d,]+(?:\.\d+)?) {re.escape(unit)}\b", row.measured)
            if table.name == bench and row.what == what and found:
                return float(found[1].replace(",", ""))
    raise ValueError(f"the bench {bench} has measured no {what!r} in {unit}: run it first")
