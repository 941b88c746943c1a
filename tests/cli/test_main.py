"""`rapport` itself: every sub-command exists, and starts without the imports of others."""

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
import typer

from api_stub.cli.main import COMMANDS, build_app
from db.engine import Database
from tests.builders import a_contact, an_account
from tests.cli.conftest import Rapport
from tests.cluster import untraced

ROOT: Final = Path(__file__).parents[2]


def test_all_words_are_offered_and_each_leads_to_the_same_command_alone(rapport: Rapport) -> None:
    offered = typer.main.get_group(build_app()).commands
    assert list(offered) == list(COMMANDS)
    shown = rapport("--help")
    for word, command in offered.items():
        assert f"│ {word} " in shown
        alone = typer.main.get_group(build_app([word])).commands
        assert {name: each.help for name, each in alone.items()} == {word: command.help}


def test_a_word_that_is_none_is_refused_with_the_nearest(rapport: Rapport) -> None:
    code, _, said = rapport.code("campain")
    assert code == 2
    assert "Did you mean 'campaign'" in said


@pytest.mark.parametrize("word", ["worker", "beat", "api", "metrics", "flower", "sandbox"])
def test_a_process_starts_without_what_it_becomes(word: str) -> None:
    asks = (
        f"import sys; from api_stub.cli.main import build_app; build_app(['{word}']); "
        "print({'sqlalchemy', 'playwright', 'celery', 'fastapi'} & sys.modules.keys())"
    )
    command = [sys.executable, "-c", asks]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == "set()\n"


def test_a_letter_that_the_terminal_lacks_is_spelt_out(
    environment: pytest.MonkeyPatch, database: Database
) -> None:
    with database.transaction() as session:
        a_contact(session, an_account(session), "li", name="李小龙")
    listing = [sys.executable, "-m", "api_stub.cli", "contacts", "list"]
    env = untraced() | {"PYTHONIOENCODING": "ascii"}
    said = subprocess.run(listing, env=env, capture_output=True, check=True, text=True).stdout
    assert r"\u674e\u5c0f\u9f99" in said


@pytest.mark.parametrize(
    "line",
    [
        "from rich.console import Console", "import rich; rich.print(1)", "from rich import get_console",
        "from rich.markup import escape", "from rich.text import Text; Text.from_markup('')",
        "import typer; typer.echo('')", "import click; click.secho('')", "print()",
    ],
)  # fmt: skip
def test_the_linter_lets_no_command_print_by_itself(line: str) -> None:
    lint = ["-m", "ruff", "check", "--select=TID251,T20", "--stdin-filename=api_stub/cli/new.py", "-"]
    checked = subprocess.run(
        [sys.executable, *lint], input=line, capture_output=True, check=False, text=True, cwd=ROOT
    )
    assert checked.returncode == 1, checked.stdout + checked.stderr
    assert "TID251" in checked.stdout or "T201" in checked.stdout
