"""Importing a LinkedIn export of a million connections, against a plain COPY of as many rows in the same run.

`./run bench imports` prints rows a second and how much this process grew; `--quick` only shows that it
works. The COPY writes the same columns into a table without indexes or checks, and reads no file.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import psutil
import psycopg

from api_stub.cli.stack.migrate import migrate_and_seed
from bench.command import Given, run_bench
from bench.report import Row
from bench.system.servers import run_postgres
from db.engine import Database
from db.imports.merge import import_file, inspect_file
from db.imports.report import ImportReport
from db.store.imports import runs
from db.store.people import accounts

HEADER = (
    'Notes:\n"These are your connections."\n\n'
    "First Name,Last Name,URL,Email Address,Company,Position,Connected On\n"
)
TODAY = date(2026, 11, 24)
COPY = "copy plain (profile_url, full_name, email, company, position, connected_on) from stdin"


@dataclass(frozen=True, slots=True)
class Measured:
    """A duration, and how many bytes this process grew at most meanwhile."""

    seconds: float
    grew: int


def write_export(path: Path, rows: int) -> None:
    """Write an export as LinkedIn does: one connection in ten shows an e-mail address."""
    with path.open("w", encoding="utf-8") as file:
        file.write(HEADER)
        for number in range(rows):
            email = f"person.{number}@example.org" if number % 10 == 0 else ""
            file.write(
                f"Zoé {number},O'Neil,https://www.linkedin.com/in/zoe-oneil-{number:07},{email},"
                f'"Company {number % 5000}, Inc",Head of {number % 300},21 Nov {2000 + number % 26}\n'
            )


def connections(rows: int) -> Iterator[tuple[object, ...]]:
    for number in range(rows):
        email = f"person.{number}@example.org" if number % 10 == 0 else None
        yield (
            f"https://www.linkedin.com/in/zoe-oneil-{number:07}/", f"Zoé {number} O'Neil", email,
            f"Company {number % 5000}, Inc", f"Head of {number % 300}", date(2000 + number % 26, 11, 21),
        )  # fmt: skip


def measure(work: Callable[[Callable[[], None]], object]) -> Measured:
    """Time `work`, which calls its argument from time to time to have the memory measured."""
    process = psutil.Process()
    before = peak = process.memory_info().rss

    def note_memory() -> None:
        nonlocal peak
        peak = max(peak, process.memory_info().rss)

    began = time.perf_counter()
    work(note_memory)
    note_memory()
    return Measured(time.perf_counter() - began, peak - before)


def measure_copy(url: str, rows: int) -> Measured:
    """Measure the least that Postgres needs for as many rows."""
    with psycopg.connect(url) as connection:
        connection.execute(
            "create table plain (id bigint generated always as identity, profile_url text, full_name text, "
            "email text, company text, position text, connected_on date)"
        )

        def work(note_memory: Callable[[], None]) -> None:
            with connection.cursor() as cursor, cursor.copy(COPY) as copy:
                for row in connections(rows):
                    copy.write_row(row)
            connection.commit()
            note_memory()

        return measure(work)


def measure_import(database: Database, path: Path) -> tuple[Measured, ImportReport]:
    """Measure an import as `rapport import contacts` does it."""
    reports: list[ImportReport] = []

    def work(note_memory: Callable[[], None]) -> None:
        with database.transaction() as session:
            account = accounts.add_account(session, name="mine", site="linkedin", zone=ZoneInfo("UTC"))
            reports.append(
                import_file(
                    session,
                    account,
                    inspect_file(path),
                    by="bench",
                    today=TODAY,
                    progress=lambda _: note_memory(),
                )
            )

    return measure(work), reports[0]


def measure_undo(database: Database) -> Measured:
    def work(note_memory: Callable[[], None]) -> None:
        note_memory()
        with database.transaction() as session:
            for record in runs.list_imports(session):
                runs.undo_import(session, record.id)

    return measure(work)


def build_row(what: str, rows: int, of: Measured, copied: Measured, *, target: str = "") -> Row:
    """Return a row of the table."""
    said = f"{of.seconds:.0f} s, {rows / of.seconds:,.0f} rows/s, +{of.grew / 2**20:.0f} MiB"
    return Row(what, said, "plain COPY", f"{of.seconds / copied.seconds:.1f}", target)


def build_rows(url: str, database: Database, path: Path, rows: int) -> Iterator[Row]:
    """Yield the import, the same file again, and the undo, each beside the COPY."""
    copied = measure_copy(url, rows)
    yield build_row(f"plain COPY of {rows:,} rows", rows, copied, copied)
    first, report = measure_import(database, path)
    expect(report.new == rows, report)
    yield build_row("the first import: all new", rows, first, copied, target="<= 6")
    again, report = measure_import(database, path)
    expect(report.same == rows, report)
    yield build_row("the same file again: nothing changes", rows, again, copied)
    yield build_row("undoing both", rows, measure_undo(database), copied)


def expect(held: bool, report: ImportReport) -> None:
    """Exit if the import did something else than what is to be measured."""
    if not held:
        sys.exit(f"the import came to something else: {report}")


def measure_all(given: Given) -> Iterator[Row]:
    """Write the export, and import it into a Postgres that waits for the disk."""
    rows = given.pick(quick=2_000, usual=1_000_000)
    path = given.folder / "Connections.csv"
    write_export(path, rows)
    with run_postgres(given.folder / "data", durable=True) as postgres:
        migrate_and_seed(postgres.url)
        with closing(Database(postgres.url, application_name="bench")) as database:
            yield from build_rows(postgres.url, database, path, rows)


if __name__ == "__main__":
    run_bench(__doc__, measure_all)
