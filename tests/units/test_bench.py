"""The benches run. No figure is asserted."""

import subprocess
import sys

import pytest

from bench.suite import find_benches


def run_bench(name: str) -> str:
    (module,) = [bench.module for bench in find_benches([name])]
    ran = subprocess.run(
        [sys.executable, "-m", module, "--quick", "--markdown"],
        capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    return ran.stdout


@pytest.mark.parametrize(
    ("name", "said"),
    [
        pytest.param(
            "quota",
            ["| reserve, granted |", "memory of an account", "| a grant over 500 charges, by Postgres |"],
            marks=pytest.mark.soak,
        ),
        pytest.param("imports", ["| the same file again: nothing changes |"], marks=pytest.mark.soak),
        pytest.param("imports_floor", ["| + the foreign keys |", "| our import"], marks=pytest.mark.soak),
        pytest.param("backup", ["| restoring it, verified before |"], marks=pytest.mark.soak),
        pytest.param("metrics", ["| its 20th child, files by slot |"], marks=pytest.mark.soak),
        pytest.param("state_metrics", ["| a scrape, 1,000 actions |"], marks=pytest.mark.soak),
        pytest.param("actions", ["| pings of an action, Postgres | 0.00 |"], marks=pytest.mark.soak),
        pytest.param("campaigns", ["| pages and profiles opened twice | 0 |"], marks=pytest.mark.soak),
        pytest.param(
            "extraction", ["| profiles, mark-up d, French |", "| all profiles |"], marks=pytest.mark.soak
        ),
        pytest.param("partitions", ["| action_events: the next part of a chain |"], marks=pytest.mark.soak),
        pytest.param("bloat", ["| contacts | 100% HOT, "], marks=pytest.mark.soak),
        pytest.param("console", ["| /, after a commit |"], marks=pytest.mark.soak),
        pytest.param("million", ["| planning a day's birthdays |"], marks=pytest.mark.soak),
        pytest.param("day", ["| 12 accounts: dispatching an action"], marks=pytest.mark.soak),
        pytest.param("quota_floor", ["| our decision, all gates |"]),
        pytest.param(
            "worker_start", ["| modules that a child imports until then | 0 |"], marks=pytest.mark.soak
        ),
        pytest.param("greetings", ["| a greeting |"], marks=pytest.mark.soak),
        pytest.param(
            "lasting",
            ["| greeted twice | 0 |", "| greetings a minute and gigabyte, a warm browser |"],
            marks=pytest.mark.soak,
        ),
        pytest.param("load", ["| greeted | 6 of 6 after", "| greeted twice | 0 |"], marks=pytest.mark.soak),
        pytest.param("traces", ["| recorded, masked |"], marks=pytest.mark.soak),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bench_runs(name: str, said: list[str]) -> None:
    printed = run_bench(name)
    assert [each for each in said if each not in printed] == []


@pytest.mark.soak
def test_the_front_doors_bench_runs() -> None:
    rows = [line for line in run_bench("front_door").splitlines() if line.startswith("| /v1/")]
    for what in ("/v1/interactions, last page", "/v1/proposals, last page", "/v1/birthdays, after a commit"):
        assert any(line.startswith(f"| {what} |") for line in rows)
    assert not any("never" in line or "without an answer" in line for line in rows)
