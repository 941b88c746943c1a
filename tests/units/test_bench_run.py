"""A run of benches: it says how far it is, goes on when one fails, and leaves nothing behind when it ends."""

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from bench import __main__ as suite
from bench.report import Row
from bench.results import Results, Table
from bench.suite import Bench, find_benches
from tests.cluster import wait_for
from tests.units.test_bench_suite import a_table

BENCH = """
import os, signal, subprocess, sys
from pathlib import Path
from bench.command import run_bench

def measure(given):
    folder = Path({folder!r})
    left = subprocess.Popen(["sleep", "600"], start_new_session=True)
    with subprocess.Popen(["sleep", "600"]) as stopped:
        try:
            (folder / "started").write_text(f"{{left.pid}} {{stopped.pid}} {{given.folder}}")
            stopped.wait()
        finally:
            os.kill(os.getpid(), signal.SIGTERM)  # a second one must not interrupt this
            stopped.terminate()
            (folder / "stopped").touch()

run_bench("A bench that never ends.", measure)
"""
RUNNER = """
import sys
from bench.child_process import run_to_end
from bench.command import end_on_signals
end_on_signals()
run_to_end([sys.executable, "-c", sys.argv[1]])
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_bench_with_all_that_it_started(tmp_path: Path, number: signal.Signals) -> None:
    started = tmp_path / "started"
    command = [sys.executable, "-c", RUNNER, BENCH.format(folder=str(tmp_path))]
    with subprocess.Popen(command) as runner:
        wait_for("the bench", lambda: started.exists() and started.read_text() != "")
        left, stopped, folder = started.read_text().split()
        runner.send_signal(number)
        assert runner.wait(60) == 128 + number
    assert (tmp_path / "stopped").exists()
    assert not Path(folder).exists()
    assert not psutil.pid_exists(int(stopped))
    assert not psutil.pid_exists(int(left)) or psutil.Process(int(left)).status() == psutil.STATUS_ZOMBIE


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where the run keeps its results, instead of the docs."""
    file = tmp_path / "performance.json"
    table = a_table(Row("a greeting", "3 ms", "", "", "")).model_copy(update={"seconds": 61.2})
    file.write_text(Results(tables=(table,)).model_dump_json())
    monkeypatch.setattr(suite, "KEPT", file)
    monkeypatch.setattr(suite, "PAGE", tmp_path / "performance.md")
    monkeypatch.setattr(suite, "PICTURE", tmp_path / "performance.svg")
    (tmp_path / "performance.md").write_text("<!-- bench names -->\n<!-- end -->\n")
    return file


def test_a_run_goes_on_when_a_bench_fails_and_says_so_at_the_end(
    kept: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run_bench(bench: Bench, **_: bool) -> Table | None:
        return a_table(Row("a name", "1 µs", "", "", ""), name="names") if bench.name == "names" else None

    monkeypatch.setattr(suite, "run_bench", run_bench)
    benches = find_benches(["quota", "names"])
    assert suite._run(benches, quick=False, long=False) == 1
    said = capsys.readouterr().err
    assert "[1/2] quota, 61 s last time\n" in said
    assert "[2/2] names\n" in said
    assert said.endswith("1 of 2 benches have run, in 0 min\nfailed: quota\n")
    assert "| a name | 1 µs |" in (kept.parent / "performance.md").read_text()
    assert suite._run(benches[1:], quick=False, long=False) == 0


def test_a_bench_that_fails_or_prints_no_table_has_failed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for answer, said in (((3, ""), "ended with 3"), ((0, "all fine"), "it printed no table")):
        monkeypatch.setattr(suite, "run_to_end", lambda _, answer=answer: answer)
        assert suite.run_bench(Bench("names", "data")) is None
        assert said in capsys.readouterr().err


def test_what_is_left_is_told_once_every_bench_has_run_before() -> None:
    assert suite.describe_wait(["a", "b"], {"a": 30, "b": 90}) == ", 30 s last time; some 2 min left"
    assert suite.describe_wait(["a"], {"a": 30}) == ", 30 s last time"
    assert suite.describe_wait(["a", "b"], {"b": 90}) == ""
