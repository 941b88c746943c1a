"""The `rapport` command: builds the requested sub-command and prints known errors as one line."""

import os
import sys
import traceback
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from io import TextIOWrapper
from typing import Annotated, Final

import typer
from rich.text import Text

from api_stub.cli import hints
from api_stub.cli.exit_codes import ExitCode
from api_stub.cli.formatting import show_times_in_utc
from api_stub.cli.servers.kept_databases import keep_databases
from api_stub.cli.terminal import Console
from api_stub.stack.environment import is_completion
from api_stub.stack.errors import NotRunningError, StackError
from worker.collector import importing
from worker.errors import ConfigurationError, RapportError, RequestRefusedError
from worker.files import PRIVATE_UMASK
from worker.rules.texts.characters import sanitise_text

COMMANDS: Final[Mapping[str, str]] = {
    "demo": "stack.commands:demo",
    "up": "stack.commands:up",
    "status": "stack.running:status",
    "logs": "stack.logs:logs",
    "down": "stack.running:down",
    "doctor": "stack.doctor:doctor",
    "env": "stack.env:env",
    "destroy": "stack.destroy:destroy",
    "watch": "watch.commands:watch",
    "why": "explain.why:why",
    "review": "review.commands:review",
    "forecast": "quota.forecast:forecast",
    "birthdays": "contacts.upcoming:birthdays",
    "summary": "explain.summary:summary",
    "stop-everything": "kill_switch:stop_everything",
    "resume-everything": "kill_switch:resume_everything",
    "completion": "completion:completion",
    "migrate": "stack.migrate:migrate",
    "restore": "backups.restore:restore",
    "worker": "stack.processes:worker",
    "beat": "stack.processes:beat",
    "notifier": "stack.processes:notifier",
    "api": "stack.processes:api",
    "metrics": "stack.processes:metrics",
    "flower": "stack.processes:flower",
    "sandbox": "stack.processes:sandbox",
    "mcp": "assistants.commands:mcp",
    "account": "accounts.commands:app",
    "campaign": "campaigns.commands:app",
    "actions": "actions:app",
    "quota": "quota.commands:app",
    "contacts": "contacts.commands:app",
    "import": "contacts.imports:app",
    "export": "contacts.export:app",
    "templates": "templates.commands:app",
    "sourcing": "sourcing.commands:app",
    "schedule": "campaigns.schedule:app",
    "notify": "notices.commands:app",
    "users": "users.commands:app",
    "keys": "keys.commands:app",
    "invitations": "campaigns.invitations:app",
    "selectors": "selectors.commands:app",
    "data": "contacts.retention:app",
    "service": "service.commands:app",
    "backup": "backups.commands:app",
    "audit": "audit:app",
    "db": "database:app",
    "tasks": "tasks:app",
    "secrets": "secrets:app",
}
"""The sub-commands in the order of `--help`: a module below this package, and the command or group in it."""

_UTC: Final = "--utc"
_PANELS: Final = {"stack.processes": "Processes (the stack and Compose start these)"}


def build_app(words: Iterable[str] = COMMANDS) -> typer.Typer:
    """Build the command with these sub-commands. Other modules are not imported, to keep start-up fast."""
    app = typer.Typer(
        name="rapport",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @app.callback()  # so that a single sub-command keeps its name
    def rapport(
        *,
        _version: Annotated[
            bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
        ] = False,
        utc: Annotated[
            bool, typer.Option(_UTC, help="Show times in UTC instead of the account's time zone.")
        ] = False,
    ) -> None:
        """Relationship campaigns from your own account, within a quota, each greeting sent once."""
        show_times_in_utc(utc)

    for word in words:
        module, _, name = COMMANDS[word].partition(":")
        part = getattr(import_module(f"api_stub.cli.{module}"), name)
        if isinstance(part, typer.Typer):
            app.add_typer(part, name=word)
        else:
            app.command(word, rich_help_panel=_PANELS.get(module))(part)
    return app


def main() -> None:
    """Run the command. Known errors are printed as one line, others with their traceback.

    A traceback may contain control characters too, so it is made visible as well.
    """
    os.umask(PRIVATE_UMASK)
    if isinstance(sys.stdout, TextIOWrapper):  # a character that the terminal's encoding lacks is escaped
        sys.stdout.reconfigure(errors="backslashreplace")
    if is_completion():
        from api_stub.cli.completion import answer  # noqa: PLC0415 -- only for a press of Tab

        answer(sys.argv[1:], COMMANDS, lambda word: typer.main.get_group(build_app([word])))
        sys.exit(ExitCode.DONE)
    arguments = _move_utc_first(sys.argv[1:])
    requested = [word for word in arguments if word != _UTC][:1]
    words = [word for word in requested if word in COMMANDS]
    try:
        with importing():
            command = typer.main.get_group(build_app(words or COMMANDS))
        hints.show_in_help(command, COMMANDS)
        with keep_databases():
            command(arguments, prog_name=hints.program())  # also if run as a module
    except NotRunningError as error:
        _print_error(error)
        sys.exit(ExitCode.NOT_RUNNING)
    except (ConfigurationError, RapportError, RequestRefusedError, StackError) as error:
        _print_error(error)
        sys.exit(ExitCode.REFUSED)
    except Exception:  # noqa: BLE001 -- the outermost boundary
        sys.stderr.write(sanitise_text(traceback.format_exc()))
        sys.exit(ExitCode.REFUSED)


def _print_version(*, wanted: bool) -> None:
    if wanted:
        from api_stub.cli.version import describe_version  # noqa: PLC0415 -- only for --version

        Console().print(describe_version())
        raise typer.Exit


def _move_utc_first(arguments: Sequence[str]) -> Sequence[str]:
    """Return the arguments with `--utc` before the command, so that it may be given anywhere."""
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    if _UTC not in options:
        return arguments
    return [_UTC, *(word for word in options if word != _UTC), *arguments[len(options) :]]


def _print_error(error: Exception) -> None:
    console, name = Console(stderr=True), "rapport:"
    text = Text(console.fold(f"{name} {hints.as_typed(str(error))}"))
    text.stylize("bold red", 0, len(name))
    console.print(text, soft_wrap=True)
