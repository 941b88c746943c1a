"""`rapport import v1`: import people and history from V1."""

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from api_stub.cli.context import (
    DEFAULT_DATA,
    AsJson,
    DataDir,
    get_terminal_user,
    open_database,
    print_answer,
    require_account,
)
from api_stub.cli.formatting import create_table, print_text
from api_stub.cli.screen.tables import Table
from api_stub.cli.terminal import Console
from db.imports.v1 import file, rows
from db.imports.v1.importer import import_v1_file
from db.imports.v1.report import Outcome, V1Report
from db.imports.v1.rows import V1Context
from worker import clock


def import_v1(
    path: Annotated[
        Path, typer.Argument(metavar="FILE", help="V1's SQLite file. It is only read; stop V1 before.")
    ],
    account: Annotated[str, typer.Option(help="The account whose people they are.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would be imported; change nothing.")
    ] = False,
    as_json: AsJson = False,
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Import V1's data: people, messages, visits, scores, and exclusions.

    Everything is imported or nothing, and every row is accounted for. A second run imports nothing
    twice. People whom V1 greeted are not greeted again for that birthday, and its messages of the last
    7 days count in the quota. Times without a zone are in the account's zone.

    Examples:
    rapport import v1 linkedin_automation.db --account ann --dry-run
    rapport import undo 1

    """
    now = clock.now()
    with open_database(data) as database:
        with database.transaction() as session:
            record = require_account(session, account)
        lines = rows.parse_file(file.read_v1_file(path), V1Context(record.site, record.zone, now))
        with database.transaction() as session:
            report = import_v1_file(session, record, lines, by=get_terminal_user(), now=now)
            if dry_run or not report.brought:
                session.rollback()
    if as_json:
        print_answer(report.as_json())
        return
    Console().print(_render_report(report))
    for line in _result_lines(report, account, dry_run=dry_run):
        print_text(line)


def _render_report(report: V1Report) -> Table:
    table = create_table("table", "rows", "imported", "already here", "refused", "why")
    for tally in report.tables:
        counts = tally.read, tally.imported, tally.counts[Outcome.SAME], tally.counts[Outcome.REFUSED]
        why = "\n".join(tally.reasons()) if tally.is_present else "the file has no such table"
        table.add_row(tally.table, *map(str, counts), Text(why))
    return table


def _result_lines(report: V1Report, account: str, *, dry_run: bool) -> list[str]:
    lines = []
    if report.other_tables:
        left = ", ".join(f"{table} ({rows})" for table, rows in report.other_tables.items())
        lines.append(f"V1's own affairs, not taken, with their rows: {left}. Its mail password was not read")
    if report.uncounted:
        lines.append(
            f"{report.uncounted} messages of the last 7 days went to people whom V1 only named, and the "
            f"quota can't count them: begin slowly (`rapport quota set {account} greet --per-day N`)"
        )
    if dry_run:
        return [*lines, "a dry run: nothing was changed"]
    if not report.brought:
        return [*lines, "nothing of it is new: nothing was changed, and there is nothing to undo"]
    undo = f"`rapport import undo {report.import_id}`"
    return [*lines, f"import {report.import_id} is in account {account}; to take it back: {undo}"]
