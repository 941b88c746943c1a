"""`rapport audit`: verify the hash chains of action events, and list who changed what."""

import sys
from typing import Annotated

import typer
from rich.text import Text

from api_stub.cli.context import DEFAULT_DATA, AsJson, DataDir, open_session, print_answer
from api_stub.cli.exit_codes import ExitCode
from api_stub.cli.formatting import UTC_ZONE, create_table, folding_text, format_time
from api_stub.cli.terminal import Console
from db.store import audit
from db.store.actions import events
from worker.rules.wording.counts import format_count

app = typer.Typer(
    help="The record of every transition of every action, and of who changed what.", no_args_is_help=True
)


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


@app.command()
def changes(
    about: Annotated[str | None, typer.Option(help="Only about this account, user or id.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most this many, newest first.")] = 50,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """List who changed what, newest first: in the console, over HTTP, and users on the command line.

    What was decided about single actions is in their history: `rapport actions show ID`.
    """
    with open_session(data, snapshot=True) as session:
        found = audit.list_changes(session, about=about, limit=limit)
    if as_json:
        print_answer(found)
        return
    table = create_table("when", "who", "what", "about", "detail")
    for each in found:
        table.add_row(
            format_time(each.at, UTC_ZONE),
            folding_text(each.by),
            folding_text(each.change),
            folding_text(each.about),
            folding_text(each.detail),
        )
    Console().print(table if found else "nothing was changed yet")
