"""`rapport logs --correlation ID`: all that one request caused, from the logs of all processes."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Rapport


@pytest.fixture
def data(tmp_path: Path) -> Path:
    logs = tmp_path / "logs"
    logs.mkdir()

    def write(name: str, *lines: tuple[int, str, str]) -> None:
        texts = (
            {"event": event, "timestamp": f"2026-11-28T17:29:{second:02}Z", "correlation_id": given}
            for second, event, given in lines
        )
        (logs / name).write_text("".join(f"{json.dumps(text)}\n" for text in texts))

    write("api.log.1", *[(1, "earlier", "c0ffee00")] * 150)
    write("api.log", (20, "request", "c0ffee00"), (21, "request", "c0ffee11"))
    write("control.log", (30, "planned", "c0ffee00"), (31, "tick", "1234"))
    write("browser1.log", (25, "opened", "c0ffee00"))
    return tmp_path


def test_a_story_is_whole_and_by_time_over_processes_and_runs(rapport: Rapport, data: Path) -> None:
    code, out, err = rapport.code("logs", "--data", str(data), "--correlation", "c0ffee00")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert len(lines) == 153
    assert [line.split()[2] for line in lines[-3:]] == ["api", "browser1", "control"]
    _, few, _ = rapport.code("logs", "--data", str(data), "--correlation", "c0ffee00", "-n", "2")
    assert few.splitlines() == lines[-2:]


def test_the_log_of_more_years_than_there_were_is_all_of_it(rapport: Rapport, data: Path) -> None:
    assert len(rapport("logs", "--data", str(data), "--since", "999999d").splitlines()) == 100


def test_two_stories_that_begin_alike_are_told_apart(rapport: Rapport, data: Path) -> None:
    _, out, err = rapport.code("logs", "--data", str(data), "--correlation", "c0ffee")
    assert "c0ffee00" in out
    assert err == "2 correlation ids begin like this: c0ffee00, c0ffee11; give more digits\n"
