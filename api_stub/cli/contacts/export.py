"""`rapport export`: contacts and interactions, as files that others read."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from api_stub.cli.context import DEFAULT_DATA, DataDir, open_database, require_account
from api_stub.cli.formatting import print_text
from api_stub.cli.terminal import Console
from api_stub.stack.interrupts import Interrupts
from db.engine import Database
from db.exports import sheets
from db.exports.atomic_file import open_atomic_file
from db.exports.formats import Format
from db.exports.sheets import CONTACTS, INTERACTIONS, Sheet
from worker.errors import RequestRefusedError
from worker.rules.characters import sanitise_text

app = typer.Typer(
    help="Write contacts or interactions into a file of yours. It holds personal data.", no_args_is_help=True
)

STDOUT = "-"

AsFormat = Annotated[
    Format,
    typer.Option("--format", help="csv for spreadsheets; jsonl and parquet for programs: exact, and typed."),
]
OfAccount = Annotated[str | None, typer.Option("--account", help="Only this account's.")]
Output = Annotated[
    str,
    typer.Option("--output", "-o", metavar="FILE", help="Where to; - is the standard output."),
]
Force = Annotated[bool, typer.Option("--force", help="Replace FILE if it is there already.")]


@app.command()
def contacts(
    as_format: AsFormat = Format.CSV,
    account: OfAccount = None,
    output: Output = STDOUT,
    force: Force = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Export the people known to your accounts, with all that is known of them.

    As of one moment, and whole or not at all. A CSV can be read again by `rapport import`.

    Examples:
    rapport export contacts -o contacts.csv
    rapport export contacts --account ann --format jsonl | jq .full_name

    """
    _export(CONTACTS, as_format, account, output, force=force, data=data)


@app.command()
def interactions(
    as_format: AsFormat = Format.CSV,
    account: OfAccount = None,
    output: Output = STDOUT,
    force: Force = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Export what happened: to whom, when, the text that was sent, and whether they answered.

    As of one moment, and whole or not at all.

    Example:
    rapport export interactions --format parquet -o interactions.parquet

    """
    _export(INTERACTIONS, as_format, account, output, force=force, data=data)


def _export(
    sheet: Sheet, as_format: Format, account: str | None, output: str, *, force: bool, data: Path
) -> None:
    if output == STDOUT and as_format is Format.PARQUET and sys.stdout.isatty():
        raise RequestRefusedError("Parquet is no text for a terminal: name a file with --output")
    with handle_signals(), open_database(data) as database:
        account_id = None
        if account is not None:
            with database.transaction() as session:
                account_id = require_account(session, account).id
        with open_output(output, force=force) as target:
            shown = output != STDOUT or not sys.stdout.isatty()
            total = _write_rows(database, sheet, as_format, account_id, target, shown=shown)
    if output != STDOUT:
        print_text(f"{total} {sheet.name} are in {output}; only you may read it")


def _write_rows(
    database: Database,
    sheet: Sheet,
    as_format: Format,
    account_id: int | None,
    target: BinaryIO,
    *,
    shown: bool,
) -> int:
    """Write all rows as they are at one moment; return how many. A display of the progress if `shown`."""
    columns = as_format.columns(sheet)
    with database.snapshot() as session, _progress(shown=shown) as progress:
        total = sheets.count_rows(session, sheet, account_id)
        task = progress.add_task(sheet.name, total=total)
        with (
            as_format.open_writer(target, columns) as write,
            closing(sheets.stream_rows(session, sheet, columns, account_id)) as batches,
        ):
            for rows in batches:
                write(rows)
                progress.advance(task, len(rows))
    return total


@contextmanager
def open_output(output: str, *, force: bool) -> Iterator[BinaryIO]:
    """Give what to write to. The standard output, too, gets all of it or nothing.

    So a slow reader of a pipe can't hold a transaction open. A terminal gets � for what would act on it.
    """
    if output != STDOUT:
        with open_atomic_file(Path(output), replace=force) as file:
            yield file
        return
    with tempfile.TemporaryFile() as file:
        yield file
        file.seek(0)
        # Typer ends quietly, with 1, where the reader is gone.
        if sys.stdout.isatty():
            for line in file:
                sys.stdout.write(sanitise_text(line.decode("utf-8-sig").replace("\r\n", "\n")))
        else:
            shutil.copyfileobj(file, sys.stdout.buffer)
        sys.stdout.flush()


@contextmanager
def handle_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP clean up as Ctrl-C does."""
    interrupts = Interrupts()
    interrupts.install()
    try:
        yield
    finally:
        interrupts.restore()


def _progress(*, shown: bool) -> Progress:
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not (shown and console.is_terminal),
    )
