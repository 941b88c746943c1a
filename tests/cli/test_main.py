"""`rapport` itself: every word leads somewhere, and none waits for what others import."""

import subprocess
import sys

import pytest
import typer

from api_stub.cli.main import COMMANDS, assemble
from tests.cli.conftest import Rapport


def test_all_words_are_offered_and_each_leads_to_the_same_command_alone(rapport: Rapport) -> None:
    offered = typer.main.get_group(assemble()).commands
    assert list(offered) == list(COMMANDS)
    shown = rapport("--help")
    for word, command in offered.items():
        assert f"│ {word} " in shown
        alone = typer.main.get_group(assemble([word])).commands
        assert {name: each.help for name, each in alone.items()} == {word: command.help}


def test_a_word_that_is_none_is_refused_with_the_nearest(rapport: Rapport) -> None:
    code, _, said = rapport.code("campain")
    assert code == 2
    assert "Did you mean 'campaign'" in said


@pytest.mark.parametrize("word", ["worker", "beat", "api", "flower", "sandbox"])
def test_a_process_starts_without_what_it_becomes(word: str) -> None:
    asks = (
        f"import sys; from api_stub.cli.main import assemble; assemble(['{word}']); "
        "print({'sqlalchemy', 'playwright', 'celery', 'fastapi'} & sys.modules.keys())"
    )
    command = [sys.executable, "-c", asks]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == "set()\n"
