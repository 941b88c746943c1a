"""What a person sees while a command waits."""

import pytest

from api_stub.cli.screen import waiting
from db.engine import Database
from tests.builders import an_account
from tests.cli.screen.terminal import terminal
from tests.cluster import untraced, wait_for


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "_FIRST_LINE_S", 0.01)
    monkeypatch.setattr(waiting, "_LINE_EVERY_S", 0.01)


def test_a_pipe_gets_a_line_now_and_then(quick: None, capsys: pytest.CaptureFixture[str]) -> None:
    said = ""

    def has(text: str) -> bool:
        nonlocal said
        said += capsys.readouterr().err
        return text in said

    with waiting.show_wait("waiting for a worker") as wait:
        wait_for("the first line", lambda: has("waiting for a worker (0 s)\n"))
        wait.what = "reading the page"
        wait_for("the next line", lambda: has("reading the page (0 s)\n"))
    assert "\x1b" not in said


def test_a_short_wait_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with waiting.show_wait("waiting for a worker"):
        pass
    assert capsys.readouterr() == ("", "")


def test_a_terminal_gets_the_seconds_beside_a_spinner(
    database: Database, environment: pytest.MonkeyPatch, consumers: None
) -> None:
    with database.transaction() as session:
        an_account(session)
    command = ("campaign", "birthday", "demo", "--no-read-site", "--dry-run")
    with terminal(*command, env=untraced() | {"TERM": "xterm"}) as shown:
        seen = "waiting for a worker to plan the campaign (1 s)"
        wait_for(seen, lambda: seen in shown.screen())
