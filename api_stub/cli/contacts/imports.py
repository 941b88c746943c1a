"""`rapport import`: import contacts from files and from V1, and undo an import."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.progress import BarColumn, DownloadColumn, SpinnerColumn, TimeElapsedColumn

from api_stub.cli.contacts import import_v1
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
from db.imports.report import ImportReport, RefusalGroup
from db.store.imports import runs
from db.store.imports.runs import UndoReport
from db.store.people.accounts import AccountRecord
from worker import clock
from worker.errors import RequestRefusedError
from worker.rules.model import ImportSource

app = typer.Typer(help="Import contacts and history, and undo an import.", no_args_is_help=True)
app.command("v1")(import_v1.import_v1)

_AUTO_FORMAT: Final = "auto"
_FORMATS: Final = (_AUTO_FORMAT, *(source for source in ImportSource if source in FORMATS))
_MAX_SHOWN: Final = 20
_COUNTS: Final = (
    "read", "new", "changed", "same", "repeated", "doubts", "refused", "forgotten", "differing",
    "lost", "asked", "died",
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
    _print_report(report, file, owner, dry_run=dry_run)


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
    Console().print(table if records else "nothing was imported yet: `rapport import contacts FILE`")


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


def _print_report(report: ImportReport, file: ImportFile, account: AccountRecord, *, dry_run: bool) -> None:
    read = f"{file.name} ({file.source}, {file.encoding}): {report.read} entries read"
    print_text(f"{read}, nothing changed: a dry run" if dry_run else read)
    print_text(
        f"  people: {report.new} new, {report.changed} changed, {report.same} unchanged; "
        f"{report.repeated} further entries of the same people"
    )
    confirm = "`rapport contacts confirm`"
    for count, what in (
        (report.doubts, f"birthdays wait until you say whose they are: {confirm}"),
        (report.asked, f"birthdays wait until you say which day is right: {confirm}"),
        (report.forgotten, "entries skipped: these people asked to be forgotten"),
        (report.died, f"{'person has' if report.died == 1 else 'people have'} died: do-not-contact is set"),
        (
            report.maybe_same,
            "may be one with another contact, by name and birthday; one is greeted: `rapport contacts same`",
        ),
        *((count, f"entries skipped: {what}") for what, count in report.skipped.items()),
    ):
        if count:
            print_text(f"  {count} {what}")
    if report.differing:
        lines = ", ".join(map(str, report.differing_lines[:_MAX_SHOWN]))
        more = ", …" if report.differing > _MAX_SHOWN else ""
        print_text(
            f"  {report.differing} birthdays differ from the stored ones, which stay: lines {lines}{more}"
        )
    _print_groups("values left out", report.lost, report.loss_groups)
    if report.unused:
        values = ", ".join(f"{name} ({count})" for name, count in report.unused.items())
        print_text(f"  not used, with the number of values: {values}")
    _print_groups("refused", report.refused, report.groups)
    for site, count in report.elsewhere[:1] if report.refused else ():
        have = "1 of them has an address" if count == 1 else f"{count} of them have addresses"
        print_text(
            f"  {have} of {site}, but account {account.name} is on {account.site}. Add an account on {site}: "
            f"`rapport account add NAME --site {site}`; to use the same name, first `rapport account "
            f"remove {account.name}`"
        )


def _print_groups(what: str, count: int, groups: Sequence[RefusalGroup]) -> None:
    if count:
        print_text(f"  {what}: {count}")
    for group in groups:
        print_text(f"    {_describe_group(group)}")


def _describe_group(group: RefusalGroup) -> str:
    differ = len(set(group.values)) > 1
    lines = ", ".join(
        f"{line}: {value}" if differ else str(line)
        for line, value in zip(group.lines, group.values, strict=True)
    )
    lines += ", …" if group.count > len(group.lines) else ""
    if group.count == 1:
        return f"line {lines}: {group.reason}"
    return f"{group.count} entries: {group.reason} (lines {lines})"


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
    counts = {
        "people removed": undone.contacts,
        "people restored": undone.restored,
        "interactions removed": undone.interactions,
        "exclusions removed": undone.exclusions,
        "people kept, because something was planned for or sent to them": undone.kept,
    }
    return (
        ", ".join(f"{count} {what}" for what, count in counts.items() if count)
        or "the import had changed nothing"
    )
