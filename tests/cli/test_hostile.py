"""Texts of people and sites can't control the terminal, whichever command prints them.

Every text of every table is hostile, and every command is run. A new command without a case fails.
"""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from datetime import timedelta
from itertools import chain, repeat
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import click
import pytest
import typer

from api_stub.checks.finding import Finding
from api_stub.cli.context import require_account
from api_stub.cli.exit_codes import ExitCode
from api_stub.cli.main import build_app
from api_stub.cli.review import session
from api_stub.cli.screen import live_screen
from api_stub.cli.screen.keyboard import Keyboard
from api_stub.cli.screen.live_screen import LiveScreen
from api_stub.cli.stack import demo_display, doctor
from api_stub.cli.terminal import Console
from api_stub.cli.watch.display import render_view
from api_stub.cli.watch.view import View
from db.engine import Database
from db.store.campaigns import campaigns
from db.store.reports import overview
from tests.cli.conftest import Rapport
from tests.cli.hostile import (
    BAD,
    SEEN,
    fill_with_hostile_texts,
    find_control_characters,
    leaf_commands,
    strings,
)
from tests.whole_person import NAME
from worker.rules.texts.characters import sanitise_text


@pytest.fixture
def names(database: Database, tmp_path: Path) -> Mapping[str, str]:
    """Create a database and files in which every text is hostile; return their names."""
    return fill_with_hostile_texts(database, tmp_path)


Runs = Sequence[str]
"""Arguments; `{name}` is replaced by the value in `names`."""

ACCOUNT: Final = "demo"
CASES: Final[Mapping[str, Runs | None]] = {
    # First the commands that print values, then those that change them.
    "doctor": [""],
    "watch": ["", "demo", "{dry}|--json", "{bad}"],
    "why": ["demo", "{action}", "{name}|--account|demo", "{name}", "{bad}"],
    "review": ["--list", "", "--account|{bad}", "--campaign|{bad}"],
    "forecast": ["demo", "demo|--json", "{bad}"],
    "summary": ["", "demo", "{bad}"],
    "account list": [""],
    "campaign list": [""],
    "campaign show": ["{birthdays}", "{dry}", "{found}", "{bad}"],
    "actions list": [""],
    "actions show": ["{action}", "{bad}"],
    "notify links": ["", "{bad}"],
    "notify list": [""],
    "notify log": ["", "{bad}"],
    "notify add": ["{bad}", "webhook+https://x.test/|--name|{bad}", "webhook+https://x.test/|--account|{bad}"],
    "notify test": ["", "{bad}"],
    "notify pause": ["{bad}"],
    "notify resume": ["{bad}"],
    "notify remove": ["{bad}"],
    "actions review": ["", "--account|{bad}"],
    "quota show": ["demo", "demo|--json", "{bad}"],
    "quota log": ["demo"],
    "contacts list": ["", "--text|{bad}", "--account|{bad}"],
    "contacts show": ["{name}|--account|demo", "{name}", "{bad}"],
    "contacts doubts": [""],
    "contacts same": [""],
    "import list": [""],
    "import subscriptions": ["", "--account|{bad}"],
    "export contacts": ["", "--format|jsonl", "--account|{bad}"],
    "export interactions": ["", "--format|jsonl"],
    "templates list": ["", "--account|demo"],
    "templates preview": [
        "{template}", "Hi|--name|{bad}", "Hi {bad}", "{{{{ company }}}} {{{{ city }}}}|--account|demo",
    ],
    "sourcing saved": ["", "{bad}"],
    "sourcing results": ["{found}", "{found}|--explain", "{found}|--format|csv", "{found}|--format|jsonl"],
    "schedule list": [""],
    "audit verify": [""],
    "db verify": [""],
    "backup create": ["", "--to|{bad}|--recipient|{bad}"],
    "backup list": ["", "--to|{bad}"],
    "backup schedule": ["--to|{bad}|--recipient|{bad}"],
    "backup unschedule": [""],
    "backup verify": ["{bad}|--key|{bad}"],
    "backup new-key": ["{bad}/{bad}"],
    "restore": ["{bad}|--key|{bad}"],
    "audit changes": ["", "--about|{bad}"],
    "users list": [""],
    "users sessions": ["", "{bad}"],
    "users add": ["{bad}", "ann"],
    "users link": ["owner", "{bad}"],
    "users language": ["owner|fr", "{bad}|fr"],
    "users role": ["owner|viewer", "{bad}|viewer"],
    "users password": ["owner", "{bad}"],
    "users disable": ["owner", "{bad}"],
    "users enable": ["owner", "{bad}"],
    "users remove": ["owner", "owner|--yes", "{bad}"],
    "keys list": [""],
    "keys add": [
        "crm|--scope|read", "{bad}|--scope|read", "x|--scope|{bad}",
        "x|--scope|read|--expires|{bad}",
    ],
    "keys rotate": ["crm", "{bad}", "crm|--overlap|{bad}"],
    "keys revoke": ["crm", "{bad}"],
    "data purge": ["--dry-run", "{bad}"],
    "campaign birthday": ["demo", "demo|--dry-run", "{bad}", "demo|--fallback-language|{bad}"],
    "campaign visitor": ["demo|--not-seen-months|3", "demo|--profiles|{csv}", "demo|--saved|{bad}"],
    "campaign sourcing": ["demo|--saved|bees", "demo|--criteria|{criteria}", "demo|--url|{bad}"],
    "invitations list": ["demo", "{bad}"],
    "invitations withdraw": ["demo", "demo|--dry-run"],
    "sourcing rescore": ["{found}|--criteria|{criteria}"],
    "sourcing save": ["demo|{bad}|--url|{bad}", "demo|x|--url|{bad}"],
    "sourcing unsave": ["demo|{bad}"],
    "schedule set": ["demo|birthday|--cron|{bad}", "demo|sourcing|--cron|0 9 * * *|--options|{criteria}"],
    "schedule off": ["{bad}|birthday"],
    "templates add": ["--language|{bad}", "--language|en|Hi {bad}", "--language|en|{{{{{bad}}}}}"],
    "templates enable": ["{template}"],
    "templates disable": ["{template}"],
    "templates weight": ["{template}|3"],
    "templates remove": ["{template}", "1"],
    "templates signature": ["demo", "demo|{bad}", "demo|--json", "{bad}", "demo|--remove"],
    "selectors check": ["demo|--profile|{bad}", "{bad}", "demo|--report|{bad}|--yes", "demo|--compose"],
    "templates test": ["Hi {bad}", "{template}", "Hi|--to|{bad}", "Hi|--account|{bad}"],
    "import contacts": ["{csv}|--account|demo", "{bad}|--account|demo"],
    "import v1": ["{v1}|--account|demo", "{bad}|--account|demo"],
    "import undo": ["{import}"],
    "import subscribe": ["{bad}|--account|demo", "https://127.1/{bad}|--account|demo", "https://x.test|--account|{bad}"],
    "import refresh": ["9"],
    "import unsubscribe": ["9"],
    "quota set": ["demo|greet|--gap|{bad}", "demo|greet|--hours|{bad}", "demo|greet|--days|{bad}"],
    "quota warm-up": ["demo|--from|{bad}"],
    "quota reset": ["demo"],
    "account add": ["{bad}", "x|--time-zone|{bad}", "x|--site|{bad}", "x"],
    "contacts edit": ["{name}|--account|demo|--birthday|3-14|--language|xx", "{bad}|--call-by|{bad}"],
    "contacts call": ["{name}|{bad}|--account|demo", "{name}|Zo|--account|demo"],
    "contacts reopen": ["{doubt}"],
    "contacts merge": ["{name}|{bad}|--yes|--account|demo", "{name}|{name}|--yes|--account|demo"],
    "contacts distinct": ["{name}|{bad}|--account|demo", "{name}|{name}|--account|demo"],
    "contacts address": ["{name}|{bad}|--account|demo", "{bad}|{bad}"],
    "birthdays": ["", "demo|--next|30", "{bad}", "--json"],
    "account remove": ["{bad}", "demo"],
    "account keep": ["demo|--days|9"],
    "account pause": ["demo", "demo"],
    "account resume": ["demo", "{bad}"],
    "account sign-in": ["demo", "{bad}", "demo|--remote|--address|{bad}", "demo|--site|{bad}"],
    "account first-look": ["{bad}", "demo"],
    "account import-state": ["demo|{bad}", "{bad}|{csv}", "demo|{csv}"],
    "contacts confirm": ["", "{doubt}"],
    "contacts refuse": ["{doubt}"],
    "actions settle": ["{action}|skip", "{action}|skip"],
    "contacts do-not-contact": ["{name}|--account|demo", "{bad}"],
    "contacts allow": ["{bad}"],
    "contacts hold": [
        "{name}|--until|2099-01-02|--reason|{bad}|--account|demo", "{name}|--until|2099-01-02",
        "{bad}|--release",
    ],
    "contacts forget": ["{bad}|--yes", "{name}|--yes|--account|demo"],
    "campaign pause": ["{birthdays}", "{bad}"],
    "campaign resume": ["{birthdays}"],
    "campaign cancel": ["{birthdays}"],
    "stop-everything": ["", "--by|{bad}"],
    "resume-everything": [""],
    "migrate": [""],
    "secrets new-key": [""],
    "secrets rotate": [""],
    "tasks refused": [""],
    "tasks schema": ["{bad}", "tasks.dispatch"],
    "completion": ["bash"],
    "env": ["", "--data|{bad}"],
    "destroy": ["", "--data|{bad}"],
    "service install": ["--dry-run", "--dry-run|--data|{bad}", "--system|--as|{bad}"],
    "service uninstall": ["--dry-run"],
    # These end only with the process, and print addresses of this machine: see the demo's tables below.
    "status": None, "logs": None, "down": None,  # of a stack: tests/cli/stack/test_running.py
    "demo": None, "up": None, "worker": None, "beat": None, "notifier": None, "api": None, "metrics": None,
    "flower": None, "mcp": None, "sandbox": None,
}  # fmt: skip
"""The runs of each command. None: it executes another program, or doesn't end."""


SHOW_VALUES: Final = {
    "doctor", "why", "review", "forecast", "summary", "account list", "campaign show", "actions list",
    "actions show", "actions review", "quota show", "quota log", "contacts show", "contacts doubts",
    "import list", "export contacts", "export interactions", "templates list", "templates preview",
    "sourcing saved", "sourcing results", "schedule list", "audit verify", "campaign birthday",
    "campaign visitor", "campaign sourcing", "invitations list", "invitations withdraw", "import contacts",
    "contacts confirm", "contacts do-not-contact", "stop-everything",
}  # fmt: skip
"""Commands that must print a hostile value; otherwise the test would prove nothing."""


JSON_RUNS: Final = {"templates preview": "Hi|--name|{bad}"}
"""Runs with --json, where the first of the cases is refused."""

JSON_ELSEWHERE: Final = {
    "watch",
    "templates test",
    "selectors check",
    "backup create",
    "backup verify",
    "restore",
    "account first-look",
    "status",
    "logs",
    "import subscribe",
    "import refresh",
    "notify add",
    "notify test",
}
"""Commands whose JSON is tested elsewhere: one object a line, or of a running stack or another server."""


def test_every_command_has_a_case() -> None:
    assert set(CASES) == {path for path, _ in leaf_commands(typer.main.get_group(build_app()))}


class Keys(Keyboard):
    """A keyboard on which these keys are pressed."""

    def __init__(self, keys: Iterator[str]) -> None:
        self._pressed = keys

    def read_key(self, timeout: timedelta | None = None) -> str:
        return next(self._pressed)


@pytest.fixture
def at_a_terminal(monkeypatch: pytest.MonkeyPatch, database: Database, names: Mapping[str, str]) -> None:
    """A terminal of 80 columns with colours and a keyboard, and campaigns that are planned already."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    keys = chain("nxebq", repeat("l"))  # in a review never again, no, edit, back, quit; then: later
    monkeypatch.setattr(click, "getchar", lambda: next(keys))
    monkeypatch.setattr(session, "open_keyboard", lambda: nullcontext(Keys(keys)))
    monkeypatch.setattr(live_screen, "open_keyboard", lambda: nullcontext(Keys(repeat("q"))))
    monkeypatch.setattr(click, "edit", lambda written: written)
    monkeypatch.setattr(typer, "prompt", lambda *_args, **_options: "1")
    monkeypatch.setattr(doctor, "run_checks", lambda data: [Finding(BAD, False, BAD, BAD)])

    def started(_database: Database, _data: Path, asked: Any, *, reading: str) -> Any:
        wanted = names["dry"] if asked.dry_run else names["birthdays"]
        with database.transaction() as session:
            return campaigns.find_campaign(session, UUID(wanted))

    build_app()  # imports every command
    for module in sys.modules.values():  # each that starts campaigns: a real start would wait for a worker
        if module.__name__.startswith("api_stub.cli.") and hasattr(module, "start_campaign"):
            monkeypatch.setattr(module, "start_campaign", started)


def test_no_command_lets_a_value_act_on_the_terminal(
    rapport: Rapport, names: Mapping[str, str], at_a_terminal: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)  # of the test itself, not of its fixtures
    wrong, showing = [], set[str]()
    for command, runs in CASES.items():
        for run in runs or ():
            given = [part.format(**names) for part in run.split("|") if part]
            code, out, err = rapport.code(*command.split(), *given)
            if SEEN in out + err:
                showing.add(command)
            control = find_control_characters(out + err)
            if control or code not in set(ExitCode) - {ExitCode.USAGE} or "Traceback" in err:
                wrong.append(f"{command} {run}: exit {code}, printed {control!r}\n{sanitise_text(err)}")
    assert not wrong, "\n".join(wrong)
    assert showing >= SHOW_VALUES


def test_json_is_whole_and_valid_for_every_command_that_has_it(
    rapport: Rapport, names: Mapping[str, str], at_a_terminal: None
) -> None:
    tried = set()
    for path, command in leaf_commands(typer.main.get_group(build_app())):
        if path in JSON_ELSEWHERE or not any("--json" in option.opts for option in command.params):
            continue
        run = JSON_RUNS.get(path) or (CASES[path] or ())[0]
        given = [part.format(**names) for part in run.split("|") if part not in {"", "--list"}]
        code, out, err = rapport.code(*path.split(), *given, "--json")
        assert (code in {0, 4}, err) == (True, ""), f"{path}: {err}"
        assert not find_control_characters(out), path
        json.loads(out)
        tried.add(path)
    assert len(tried) > 20


def test_json_says_what_is_stored(rapport: Rapport, names: Mapping[str, str]) -> None:
    said = rapport("quota", "show", ACCOUNT, "--json")
    assert not find_control_characters(said)
    assert BAD in strings(json.loads(said))
    lines = rapport("export", "contacts", "--format", "jsonl")  # to a pipe, as tests are
    assert not find_control_characters(lines)
    assert f"{NAME}{BAD}" in [json.loads(line)["full_name"] for line in lines.splitlines()]
    assert find_control_characters(rapport("export", "contacts"))  # a CSV for a program is as it is


def test_the_tables_of_the_demo_take_a_text_for_a_text(
    database: Database,
    names: Mapping[str, str],
    at_a_terminal: None,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with database.transaction() as opened:
        account = require_account(opened, ACCOUNT)
        lines = overview.list_account_actions(opened, account.id)
    assert any(line.sent for line in lines)
    monkeypatch.setenv("COLUMNS", "1000")
    console = Console()
    view = View(account, [], lines, None, BAD)
    screen = LiveScreen(console, Keys(repeat("q")))
    shows: Sequence[Callable[[], None]] = (
        lambda: console.print(demo_display.render_result(view, lines)),
        lambda: screen.draw(render_view(view, 1000, 40, header=[BAD], hint="")),
        lambda: console.print(BAD),
    )
    for show in shows:
        show()
        said = capsys.readouterr().out
        assert not find_control_characters(said)
        assert SEEN in said
        assert "[/x][red]:boom:[link=https://evil.test]" in said
