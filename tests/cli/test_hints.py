"""Hints appear as they are to be typed, and what people wrote never changes."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from api_stub.cli import hints
from api_stub.cli.formatting import print_json, print_text
from api_stub.cli.main import COMMANDS
from api_stub.cli.stack import running
from api_stub.cli.terminal import Console
from db.engine import Database
from tests.builders import a_contact, an_account
from tests.cli.conftest import Rapport
from tests.cluster import untraced
from worker.settings import Settings, get_settings

ROOT = Path(__file__).parents[2]
_BARE = re.compile(rf"(?<![`\w])rapport (?:{'|'.join(COMMANDS)})\b")


@pytest.fixture
def typed(environment: pytest.MonkeyPatch) -> Iterator[None]:
    environment.setenv("_RUN_TYPED_AS", "../my clone/run")
    hints.program.cache_clear()
    yield
    hints.program.cache_clear()


def test_an_error_and_a_usage_name_the_program_that_was_typed(typed: None, rapport: Rapport) -> None:
    assert rapport.refused("why", "nobody").endswith("(`'../my clone/run' actions list` shows them)")
    assert "Usage: '../my clone/run' why" in rapport("why", "-h")
    assert "'../my clone/run' quota set demo greet --per-day 10" in " ".join(
        rapport("quota", "set", "-h").split()
    )


def test_a_help_text_is_folded_by_the_terminal_alone_and_examples_keep_their_lines(
    typed: None, rapport: Rapport
) -> None:
    assert "so does a Postgres or Redis of your own." in rapport("destroy", "-h")
    assert "`'../my clone/run' account keep`" in rapport("data", "purge", "-h")
    examples = re.sub(r" +\n", "\n", rapport("export", "contacts", "-h"))
    assert "run' export contacts -o contacts.csv\n" in examples


def test_without_run_the_program_is_called_rapport(rapport: Rapport) -> None:
    assert rapport.refused("why", "nobody").endswith("(`rapport actions list` shows them)")
    assert "Usage: rapport why" in rapport("why", "-h")


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (None, "correlation id in the processes' logs: 5a21"),
        ("rapport logs --correlation ID", "log: '../my clone/run' logs --correlation 5a21"),
        (
            "journalctl SYSLOG_IDENTIFIER=rapport --grep=ID",
            "log: journalctl SYSLOG_IDENTIFIER=rapport --grep=5a21",
        ),
    ],
)
def test_the_log_is_named_by_the_command_that_shows_it_here(
    typed: None, environment: pytest.MonkeyPatch, command: str | None, says: str
) -> None:
    if command is not None:
        environment.setenv("RAPPORT_LOG_COMMAND", command)
    get_settings.cache_clear()
    assert hints.describe_log("5a21") == says


@pytest.mark.parametrize("command", ["rapport logs", "echo ID\x1b[2J", "cat\nID"])
def test_a_log_command_without_the_id_or_of_several_lines_is_refused(
    environment: pytest.MonkeyPatch, command: str
) -> None:
    environment.setenv("RAPPORT_LOG_COMMAND", command)
    with pytest.raises(ValidationError, match="must be one line with ID"):
        Settings()


def test_what_a_person_wrote_is_never_changed(
    typed: None, rapport: Rapport, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "Ann `rapport up` O'Neil"
    with database.transaction() as session:
        a_contact(session, an_account(session), "li", name=name)
    assert name in rapport("contacts", "list")
    print_json('{"text": "`rapport up`"}')
    assert capsys.readouterr().out == '{"text": "`rapport up`"}\n'
    print_text("type `rapport up`")
    assert capsys.readouterr().out == "type `'../my clone/run' up`\n"
    assert "`rapport up` nobody" in rapport.refused("contacts", "show", "`rapport up` nobody")


def test_a_warning_of_status_names_the_program_that_was_typed(
    typed: None, capsys: pytest.CaptureFixture[str]
) -> None:
    running._warn(Console(), "nobody takes messages of: control; `rapport doctor`")
    assert "`'../my clone/run' doctor`" in capsys.readouterr().out


def _literals(path: Path) -> Iterator[str]:
    """Yield the texts of a module without its docstrings."""
    tree = ast.parse(path.read_text())
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value


def test_every_hint_in_a_text_is_in_backticks() -> None:
    # Who changed something, or the name of a connection.
    named = {
        "rapport demo",
        "rapport doctor",
        "rapport migrate",
        "rapport restore",
        "rapport status",
        "rapport up",
    }
    bare = [
        f"{path.relative_to(ROOT)}: {text}"
        for path in (ROOT / "api_stub" / "cli").rglob("*.py")
        for text in _literals(path)
        if _BARE.search(text) and text not in named and path.name != "completion.py"
    ]
    assert bare == []


def test_a_program_that_run_starts_gets_what_was_typed() -> None:
    env = untraced() | {"_RUN_TYPED_AS": "./run"}
    usage = subprocess.run(
        [sys.executable, "-m", "api_stub.cli", "why", "-h"],
        env=env,
        capture_output=True,
        check=True,
        text=True,
    )
    assert "Usage: ./run why" in usage.stdout
