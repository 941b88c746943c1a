"""What holds for the output of every command: --json, exit codes, and times."""

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
import typer

from api_stub.cli.exit_codes import ExitCode
from api_stub.cli.formatting import format_time, show_times_in_utc
from api_stub.cli.main import build_app
from api_stub.cli.stack import doctor
from db.engine import Database
from tests.builders import an_account
from tests.cli.conftest import Rapport
from tests.cli.hostile import BAD, SEEN, find_control_characters, leaf_commands

CHANGES_ONLY: Final = "says in one line what it changed"
PROCESS: Final = "runs until it is stopped"
WITHOUT_JSON: Final = {
    **dict.fromkeys(
        ("demo", "up", "worker", "beat", "notifier", "api", "metrics", "flower", "mcp", "sandbox"), PROCESS
    ),
    **dict.fromkeys(
        (
            "stop-everything", "resume-everything", "migrate", "account add", "account sign-in",
            "account import-state",
            "account keep", "account pause", "account resume",
            "campaign pause", "campaign resume", "campaign cancel",
            "actions settle", "quota set", "quota warm-up", "quota reset", "contacts confirm",
            "contacts refuse", "contacts merge", "contacts distinct", "contacts address", "contacts forget",
            "contacts allow", "contacts do-not-contact", "import undo", "import unsubscribe",
            "templates add", "templates remove", "templates enable", "templates disable", "templates weight",
            "sourcing rescore", "sourcing save", "sourcing unsave", "schedule set", "schedule off",
            "secrets rotate", "account remove", "contacts call", "contacts edit", "contacts hold",
            "contacts reopen", "destroy", "down", "notify remove", "notify pause", "notify resume",
            "users add", "users role", "users language", "users password", "users disable", "users enable",
            "users remove", "keys revoke", "service install", "service uninstall",
            "users remove", "keys revoke", "backup schedule", "backup unschedule",
        ),
        CHANGES_ONLY,
    ),
    "completion": "prints a script for a shell",
    "env": "prints a script for a shell",
    "tasks schema": "prints JSON anyway",
    "secrets new-key": "prints nothing but the key",
    "backup new-key": "prints nothing but the public key",
    "export contacts": "writes a file in the format that --format names",
    "export interactions": "writes a file in the format that --format names",
}  # fmt: skip
"""Commands without --json, and why."""


def has_json(command: Any) -> bool:
    return any("--json" in option.opts for option in command.params)


def test_every_command_has_json_or_a_reason_not_to() -> None:
    commands = dict(leaf_commands(typer.main.get_group(build_app())))
    without = {path for path, command in commands.items() if not has_json(command)}
    assert without == set(WITHOUT_JSON)


def test_the_page_has_every_exit_code() -> None:
    page = Path("docs/operations.md").read_text()
    rows = re.findall(r"^\| `(\d+)` \| `([a-z_]+)` \|", page, re.MULTILINE)
    assert {int(code): name for code, name in rows} == {code.value: code.name.lower() for code in ExitCode}


def test_the_page_names_every_command_that_reports_a_finding_by_its_exit_code() -> None:
    commands = dict(leaf_commands(typer.main.get_group(build_app())))
    path_of = {(each.callback.__module__, each.callback.__name__): path for path, each in commands.items()}
    path_of |= {("api_stub.cli.stack.demo", "print_result"): "demo"}
    row = re.search(r"^\| `4` \|[^|]*\|(.*)\|$", Path("docs/operations.md").read_text(), re.MULTILINE)
    assert row
    assert set(re.findall(r"`([^`]+)`", row[1])) == {path_of[function] for function in functions_that_find()}


def functions_that_find() -> Iterator[tuple[str, str]]:
    """Yield the module and the name of each function that ends a command with ExitCode.FOUND."""
    for file in Path("api_stub").rglob("*.py"):
        module = ".".join(file.with_suffix("").parts)
        for function in ast.walk(ast.parse(file.read_text())):
            if isinstance(function, ast.FunctionDef) and "ExitCode.FOUND" in ast.unparse(function):
                yield module, function.name


def test_a_time_names_its_zone_and_another_year() -> None:
    paris = ZoneInfo("Europe/Paris")
    now = datetime.now(UTC)  # noqa: TID251 -- the year of today
    at = datetime(now.year, 7, 4, 22, 30, tzinfo=UTC)
    assert format_time(at, paris) == "5 Jul 00:30 Europe/Paris"
    assert format_time(at.replace(year=2020), paris, seconds=True) == "5 Jul 2020 00:30:00 Europe/Paris"
    show_times_in_utc(True)
    assert format_time(at, paris) == "4 Jul 22:30 UTC"
    show_times_in_utc(False)


def test_times_are_in_the_account_s_zone_and_in_utc_on_request(rapport: Rapport, database: Database) -> None:
    with database.transaction() as session:
        an_account(session, zone="Asia/Kathmandu")
    assert re.search(r"as of \d+ [A-Z][a-z]{2} \d\d:\d\d Asia/Kathmandu", rapport("why", "demo"))
    for given in (("why", "demo", "--utc"), ("--utc", "why", "demo")):
        assert re.search(r"as of \d+ [A-Z][a-z]{2} \d\d:\d\d UTC", rapport(*given))
    assert "Kathmandu" in rapport("why", "demo"), "it holds for one command"


def test_the_traceback_of_an_error_that_nobody_expected_can_not_act_either(
    rapport: Rapport, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_data: Path) -> None:
        raise ValueError(BAD)

    monkeypatch.setattr(doctor, "run_checks", fails)
    code, out, err = rapport.code("doctor")
    assert (code, "Traceback" in err, SEEN in err) == (1, True, True)
    assert not find_control_characters(out + err)


def test_a_log_without_a_wanted_line_is_not_silent(rapport: Rapport, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "beat.log").write_text("started\n")
    code, out, err = rapport.code("logs", "--correlation", "zzz", "--data", str(tmp_path))
    assert (code, out) == (0, "")
    assert err.startswith("no line has a correlation id that begins with 'zzz'. The logs hold this run and")
    assert "`rapport actions show ID`" in err
