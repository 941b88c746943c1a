"""The benches run. No figure is asserted."""

import subprocess
import sys

import pytest


def test_the_quotas_bench_runs() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "bench.quota", "--quick", "--markdown"],
        capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    assert "| reserve, granted |" in ran.stdout
    assert "memory of an account" in ran.stdout


def test_the_imports_bench_runs() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "bench.imports", "--quick", "--markdown"],
        capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    assert "| the same file again: nothing changes |" in ran.stdout


def test_the_backups_bench_runs() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "bench.backup", "--quick", "--markdown"],
        capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    assert "| restoring it, verified before |" in ran.stdout


def test_the_metrics_bench_runs() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "bench.metrics", "--quick", "--markdown"],
        capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    assert "| its 20th child, files by slot |" in ran.stdout


@pytest.mark.soak
def test_the_state_metrics_bench_runs() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "bench.state_metrics", "--quick", "--markdown"],
        capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    assert "| a scrape, 1,000 actions |" in ran.stdout


@pytest.mark.soak
def test_the_actions_bench_runs() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "bench.actions", "--quick", "--markdown"],
        capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    assert "| pings of an action, Postgres | 0.00 |" in ran.stdout


@pytest.mark.soak
def test_the_campaigns_bench_runs() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "bench.campaigns", "--quick", "--markdown"],
        capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    assert "| pages and profiles opened twice | 0 |" in ran.stdout


@pytest.mark.soak
def test_the_extractions_bench_runs() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "bench.extraction", "--quick", "--markdown"],
        capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    assert "| profiles, mark-up d, French |" in ran.stdout
    assert "| all profiles |" in ran.stdout


@pytest.mark.soak
def test_the_consoles_bench_runs() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "bench.console", "--quick", "--markdown"],
        capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    assert "| /, after a commit |" in ran.stdout


@pytest.mark.soak
def test_the_front_doors_bench_runs() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "bench.front_door", "--quick", "--markdown"],
        capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    rows = [line for line in ran.stdout.splitlines() if line.startswith("| /v1/")]
    for what in ("/v1/interactions, last page", "/v1/proposals, last page", "/v1/birthdays, after a commit"):
        assert any(line.startswith(f"| {what} |") for line in rows)
    assert not any("never" in line or "without an answer" in line for line in rows)
