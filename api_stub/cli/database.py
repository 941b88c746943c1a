"""`rapport db`: verify the database."""

import sys
from dataclasses import dataclass
from typing import Annotated

import typer
from rich.text import Text

from api_stub.cli.context import DEFAULT_DATA, AsJson, DataDir, open_session, print_answer
from api_stub.cli.exit_codes import ExitCode
from api_stub.cli.terminal import Console
from db.schema_check import find_schema_problems
from db.store.actions import events

app = typer.Typer(help="The database: whether it is as this version made it.", no_args_is_help=True)


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found wrong, in words; nothing if all is well."""

    schema: tuple[str, ...]
    history: tuple[str, ...]


@app.callback()
def group() -> None:
    """Keep `verify` a command of its own while it is the only one."""


@app.command()
def verify(
    history: Annotated[
        bool, typer.Option(help="Also verify the history of actions, as `rapport audit verify`.")
    ] = True,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Compare the database with what this version's migrations make. Exits with 4 if it differs.

    It finds objects that are missing, changed or foreign, invalid indexes, constraints that were never
    validated, and disabled triggers. It changes nothing.
    """
    with open_session(data, snapshot=True) as session:
        schema = find_schema_problems(session.connection())
        chains = events.verify_chains(session) if history else []
    broken = [f"{report.account}: {problem}" for report in chains for problem in report.problems]
    found = Verified(tuple(schema), tuple(broken))
    if as_json:
        print_answer(found)
    else:
        console = Console()
        for problem in (*found.schema, *found.history):
            console.print(Text(problem, "bold red"))
        if not schema and not broken:
            console.print("the database is as this version made it", style="bold green")
    if schema or broken:
        sys.exit(ExitCode.FOUND)
