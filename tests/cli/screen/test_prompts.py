"""Questions, and what is piped in: what is printed after a question stands on a line of its own."""

import io
from collections.abc import Callable

import pytest

from api_stub.cli.screen.prompts import ask, read_all, read_line
from worker.errors import RequestRefusedError


@pytest.mark.parametrize(("typed", "answer"), [("", ""), ("yes\n", "yes")])
def test_an_answer_from_a_pipe_and_a_missing_one_end_the_line(
    typed: str, answer: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    assert ask("Go on") == answer
    assert capsys.readouterr().out == "Go on: \n"


@pytest.mark.parametrize("read", [read_all, lambda: read_line(100)])
def test_what_is_piped_in_and_is_no_text_is_refused(
    read: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"Zo\xeb\n"), "utf-8"))
    with pytest.raises(RequestRefusedError, match="isn't text in utf-8"):
        read()
