"""What is printed after a question stands on a line of its own."""

import io

import pytest

from api_stub.cli.screen.prompts import ask


@pytest.mark.parametrize(("typed", "answer"), [("", ""), ("yes\n", "yes")])
def test_an_answer_from_a_pipe_and_a_missing_one_end_the_line(
    typed: str, answer: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    assert ask("Go on") == answer
    assert capsys.readouterr().out == "Go on: \n"
