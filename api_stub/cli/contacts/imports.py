"""`rapport import`: import contacts from files and from V1, and undo an import."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.progress import BarColumn, DownloadColumn, SpinnerColumn, TimeElapsedColumn

from api_stub.cli.contacts import import_v1, subscriptions
from api_stub.cli.contacts.import_report import print_report
from api_stub.cli.context import (
    DEFAULT_DATA,
    AccountFilter,
    AsJson,
    DataDir,
    check_account_filter,
    get_terminal_user,
    load_zones,
    open_database,
    open_session,
    print_answer,
    require_account,
)
from api_stub.cli.formatting import create_table, folding_text, format_time, print_text
from api_stub.cli.screen.progress import create_progress
from api_stub.cli.terminal import Console
from db.imports.formats import FORMATS
from db.imports.merge import ImportFile, import_file, inspect_file
from db.store.imports import runs
from db.store.imports.runs import UndoReport
from worker import clock
from worker.errors import RequestRefusedError
from worker.rules.model import ImportSource
from worker.rules.wording.counts import format_count

app = typer.Typer(help="Import contacts and history, and undo an import.", no_args_is_help=True)
app.command("v1")(import_v1.import_v1)
app.command("subscribe")(subscriptions.subscribe)
app.command("subscriptions")(subscriptions.list_subscriptions)
app.command("refresh")(subscriptions.refresh)
app.command("unsubscribe")(subscriptions.unsubscribe)

_AUTO_FORMAT: Final = "auto"
_FORMATS: Final = (_AUTO_FORMAT, *(source for source in ImportSource if source in FORMATS))
_KEPT: Final = "because they are on hold, or something was planned for or sent to them"
_COUNTS: Final = (
    "read", "new", "changed", "same", "repeated", "doubts", "refused", "forgotten", "differing",
    "lost", "asked", "died", "gone",
)  # fmt: skip


@app.command("contacts")
def import_contacts(
    path: Annotated[
        Path, typer.Argument(metavar="FILE", help="A CSV, vCard or iCalendar file, or a ZIP with one.")
    ],
    *,
    account: Annotated[str, typer.Option(help="The account that these contacts belong to.")],
    format_: Annotated[
        str, typer.Option("--format", help=f"One of {', '.join(_FORMATS)}; auto detects it.")
    ] = _AUTO_FORMAT,
    encoding: Annotated[
        str | None,
        typer.Option(help="Such as utf-8 or windows-1252. Default: detected from the file."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")
    ] = False,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Import people and birthdays from a file, all of them or none.

    People are matched by profile address, then by e-mail address. If only the name is the same, the birthday
    waits for you: `rapport contacts doubts`. Known values are never replaced by empty ones, and importing the
    same file again changes nothing.
    """
    if not path.exists() or path.is_dir():
        raise RequestRefusedError(f"there is no file {path}")
    source = _parse_format(format_)
    with open_database(data) as database:
        with database.transaction() as session:
            owner = require_account(session, account)
        try:
            file = inspect_file(path, source=source, encoding=encoding)
        except OSError as error:
            raise RequestRefusedError(f"{path} can't be read: {error.strerror}") from error
        today = clock.now().astimezone(owner.zone).date()
        with _progress(file) as progress, database.transaction() as session:
            report = import_file(session, owner, file, by=get_terminal_user(), today=today, progress=progress)
            if dry_run:
                session.rollback()
    if as_json:
        print_answer(report)
        return
    print_report(report, file, owner, dry_run=dry_run)


@app.command("list")
def list_imports(
    account: AccountFilter = None,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """List imports, newest first, and their results."""
    with open_session(data) as session:
        check_account_filter(session, account)
        records = runs.list_imports(session, account=account)
        zones = load_zones(session)
    if as_json:
        print_answer(records)
        return
    table = create_table("id", "account", "from", "file", "when", "by", "result")
    for record in records:
        result = "undone" if record.undone_at else _describe_counts(record.report)
        table.add_row(
            str(record.id),
            record.account,
            record.source,
            folding_text(record.file_name),
            format_time(record.started_at, zones[record.account]),
            folding_text(record.started_by),
            folding_text(result),
        )
    Console().print(
        table if records else "nothing was imported yet: `rapport import contacts FILE --account NAME`"
    )


@app.command()
def undo(
    import_id: Annotated[int, typer.Argument(metavar="ID", help="The import's id: `rapport import list`.")],
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Remove what an import added, and restore what it changed.

    Added people with a planned or sent action are kept. Undo several imports newest first.
    """
    with open_session(data) as session:
        undone = runs.undo_import(session, import_id)
    print_text(f"import {import_id} is undone: {_describe_undone(undone)}")
    if undone.paused is not None:
        print_text(
            f"subscription {undone.paused} would bring it back, so it is paused: `rapport import refresh "
            f"{undone.paused}` reads it again, `rapport import unsubscribe {undone.paused}` ends it"
        )


def _parse_format(given: str) -> ImportSource | None:
    if given not in _FORMATS:
        raise RequestRefusedError(f"unknown format {given!r}; the formats are {', '.join(_FORMATS)}")
    return None if given == _AUTO_FORMAT else ImportSource(given)


@contextmanager
def _progress(file: ImportFile) -> Iterator[Any]:
    """Show a progress bar of bytes read, on a terminal only."""
    with create_progress(SpinnerColumn(), BarColumn(), DownloadColumn(), TimeElapsedColumn()) as bar:
        task = bar.add_task("reading", total=file.size)

        def advance(read: int) -> None:
            bar.update(task, completed=read, description="merging" if read >= file.size else "reading")

        yield advance


def _describe_counts(report: Mapping[str, Any]) -> str:
    """Format a report's counts; a report by table has one line for each table."""
    tables = {
        name: counts for name, counts in report.items() if isinstance(counts, Mapping) and "read" in counts
    }
    by_table = [f"{name}: {_describe_counts(counts)}" for name, counts in tables.items()]
    if by_table:
        return "\n".join(by_table)
    counted = [name for name in _COUNTS if report.get(name)]
    return ", ".join(f"{name} {report[name]}" for name in counted) or "nothing"


def _describe_undone(undone: UndoReport) -> str:
    counts = (
        (undone.contacts, "person removed", "people removed"),
        (undone.restored, "person restored", "people restored"),
        (undone.interactions, "interaction removed", "interactions removed"),
        (undone.exclusions, "exclusion removed", "exclusions removed"),
        (undone.kept, f"person kept, {_KEPT}", f"people kept, {_KEPT}"),
    )
    said = ", ".join(format_count(count, one, several) for count, one, several in counts if count)
    return said or "the import had changed nothing"
