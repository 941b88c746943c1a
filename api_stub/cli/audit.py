"""`rapport audit`: verify the hash chains of action events."""

import sys

import typer
from rich.text import Text

from api_stub.cli.context import DEFAULT_DATA, AsJson, DataDir, open_session, print_answer
from api_stub.cli.exit_codes import ExitCode
from api_stub.cli.formatting import format_count
from api_stub.cli.terminal import Console
from db.store.actions import events

app = typer.Typer(help="The record of every transition of every action.", no_args_is_help=True)


@app.command()
def verify(as_json: AsJson = False, data: DataDir = DEFAULT_DATA) -> None:
    """Recompute every account's chain of events and report changes. Exits with 4 if there are any.

    It finds rows that were changed, removed, inserted or swapped, a chain that was cut off, and actions that
    changed state without an event. Somebody who can write all rows and the stored head can forge the whole
    chain: note the head (account, count and hash) somewhere else from time to time, and compare.
    """
    with open_session(data, snapshot=True) as session:
        reports = events.verify_chains(session)
    broken = sum(bool(report.problems) for report in reports)
    if as_json:
        print_answer(reports)
        sys.exit(ExitCode.FOUND if broken else ExitCode.DONE)
    console = Console()
    for report in reports:
        text = Text(f"{report.account}: {report.events} events, head {report.head or '-'}")
        text.append("" if report.problems else "  ok", "green")
        console.print(text)
        for problem in report.problems:
            console.print(Text(f"  {problem}", "bold red"))
    if broken:
        console.print(f"{broken} of {len(reports)} chains are broken", style="bold red")
        sys.exit(ExitCode.FOUND)
    console.print(f"{format_count(len(reports), 'chain is', 'chains are')} intact", style="bold green")
