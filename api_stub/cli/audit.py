"""`rapport audit`: the proof that nobody changed an action's story."""

import sys

import typer
from rich.text import Text

from api_stub.cli.context import DEFAULT_DATA, DataDir, open_database
from api_stub.cli.terminal import Console
from db.store.actions import events

app = typer.Typer(help="The record of every move of every action.", no_args_is_help=True)


@app.callback()
def _keep_group() -> None:
    """Keep the commands below `audit`, also while there is only one."""


@app.command()
def verify(data: DataDir = DEFAULT_DATA) -> None:
    """Compute every account's chain of events again, and say whether it was changed. Exit 1 if it was.

    It finds rows that were changed, taken out, put in or swapped, an end that was cut off, and actions that
    moved without an event. Who can write every row and the noted end too can forge it all: note the head
    (account, count and hash) somewhere else from time to time, and compare.
    """
    with open_database(data) as database, database.snapshot() as session:
        reports = events.verify_chains(session)
    console = Console()
    for report in reports:
        told = Text(f"{report.account}: {report.events} events, head {report.head or '-'}")
        told.append("" if report.problems else "  ok", "green")
        console.print(told, soft_wrap=True)
        for problem in report.problems:
            console.print(Text(f"  {problem}", "bold red"), soft_wrap=True)
    broken = sum(bool(report.problems) for report in reports)
    if broken:
        console.print(f"{broken} of {len(reports)} chains are broken", style="bold red")
        sys.exit(1)
    console.print(f"{len(reports)} chains are whole", style="bold green")
