"""`rapport export`: write contacts and interactions to files."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from api_stub.cli.context import DEFAULT_DATA, DataDir, open_database, require_account
from api_stub.cli.formatting import print_text
from api_stub.cli.screen.progress import create_progress
from api_stub.stack.interrupts import Interrupts
from db.engine import Database
from db.exports import sheets
from db.exports.atomic_file import open_atomic_file
from db.exports.formats import Format
from db.exports.sheets import CONTACTS, INTERACTIONS, Sheet
from worker.errors import RequestRefusedError
from worker.rules.texts.characters import sanitise_text

app = typer.Typer(
    help="Write contacts or interactions to a file. It contains personal data.", no_args_is_help=True
)

STDOUT = "-"

AsFormat = Annotated[
    Format,
    typer.Option("--format", help="csv for spreadsheets; jsonl and parquet, with exact types, for programs."),
]
OfAccount = Annotated[str | None, typer.Option("--account", help="Only this account's.")]
Output = Annotated[
    str,
    typer.Option("--output", "-o", metavar="FILE", help="The file; - is the standard output."),
]
Force = Annotated[bool, typer.Option("--force", help="Replace FILE if it exists.")]


@app.command()
def contacts(
    as_format: AsFormat = Format.CSV,
    account: OfAccount = None,
    output: Output = STDOUT,
    force: Force = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Export the people known to your accounts, with all that is known about them.

    The file is a snapshot, and complete or not written. `rapport import` can read the CSV.

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
    """Export interactions: with whom, when, the text that was sent, and whether they answered.

    The file is a snapshot, and complete or not written.

    Example:
    rapport export interactions --format parquet -o interactions.parquet

    """
    _export(INTERACTIONS, as_format, account, output, force=force, data=data)


def _export(
    sheet: Sheet, as_format: Format, account: str | None, output: str, *, force: bool, data: Path
) -> None:
    if output == STDOUT and as_format is Format.PARQUET and sys.stdout.isatty():
        raise RequestRefusedError("Parquet isn't text for a terminal: name a file with --output")
    with handle_signals(), open_database(data) as database:
        account_id = None
        if account is not None:
            with database.transaction() as session:
                account_id = require_account(session, account).id
        with open_output(output, force=force) as target:
            shown = output != STDOUT or not sys.stdout.isatty()
            total = _write_rows(database, sheet, as_format, account_id, target, shown=shown)
    if output != STDOUT:
        print_text(f"{total} {sheet.name} are in {output}; only you can read it")


def _write_rows(
    database: Database,
    sheet: Sheet,
    as_format: Format,
    account_id: int | None,
    target: BinaryIO,
    *,
    shown: bool,
) -> int:
    """Write all rows of one snapshot; return their number. `shown` turns the progress bar on."""
    columns = as_format.columns(sheet)
    with database.snapshot() as session, create_progress(shown=shown) as progress:
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
    """Open the output file. The standard output, too, gets everything or nothing.

    So a slow reader of a pipe can't keep a transaction open. On a terminal, control characters become �.
    """
    if output != STDOUT:
        with open_atomic_file(Path(output), replace=force) as file:
            yield file
        return
    with tempfile.TemporaryFile() as file:
        yield file
        file.seek(0)
        # If the reader is gone, Typer exits with 1 without a message.
        if sys.stdout.isatty():
            for line in file:
                sys.stdout.write(sanitise_text(line.decode("utf-8-sig").replace("\r\n", "\n")))
        else:
            shutil.copyfileobj(file, sys.stdout.buffer)
        sys.stdout.flush()


@contextmanager
def handle_signals() -> Iterator[None]:
    """Make SIGTERM and SIGHUP clean up as Ctrl-C does."""
    interrupts = Interrupts()
    interrupts.install()
    try:
        yield
    finally:
        interrupts.restore()
