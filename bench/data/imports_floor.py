"""The least that an import of new people costs: a COPY into tables with one more part of contacts each.

The parts are read from the catalogue: columns, keys, checks, foreign keys, each index, triggers. The rows of
the COPY are ready in memory, so it is the price of storing people alone. What is measured is the processor
time of Postgres, of all its processes, and of this one: other work on the machine changes it little.
"""

import json
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, LiteralString, cast
from zoneinfo import ZoneInfo

import psutil
import psycopg

from api_stub.cli.stack.migrate import migrate_and_seed
from bench.command import Given, run_bench
from bench.data.imports import COPY as COPY_PLAIN
from bench.data.imports import TODAY, connections, expect, write_export
from bench.report import Row
from bench.system.servers import run_postgres
from db.engine import Database
from db.imports.copy_rows import to_rows
from db.imports.entries import ReadContext
from db.imports.formats import FORMATS
from db.imports.merge import ImportFile, import_file, inspect_file
from db.imports.report import EntryLogs
from db.imports.text_file import Lines
from db.store.people import accounts
from db.store.people.accounts import AccountRecord

PLAIN: Final = "COPY into a bare table"
READING: Final = "reading the file, without a database"
OURS: Final = "our import: reading, questions, people"
CREATE_PLAIN: Final = """
create table plain (id bigint generated always as identity, profile_url text, full_name text, email text,
                    company text, position text, connected_on date)
"""
COPY: Final = """
copy floor (account_id, profile_url, full_name, email, connected_on, profile, status, import_id) from stdin
"""
PARTS: Final = """
select 'the columns of contacts, three of them computed' as part, 1 as place,
       'create table floor (like contacts including defaults including identity including generated)' as made
union all
select case when i.indisunique and i.indpred is null then 'the primary key and the address'
            else 'the index ' || c.relname end,
       case when i.indisunique and i.indpred is null then 2 else 5 end,
       replace(replace(pg_get_indexdef(c.oid), 'contacts USING', 'floor USING'),
               c.relname, 'floor_' || c.relname)
from pg_index i join pg_class c on c.oid = i.indexrelid where i.indrelid = 'contacts'::regclass
union all
select case contype when 'c' then 'the checks' else 'the foreign keys' end,
       case contype when 'c' then 3 else 4 end,
       'alter table floor add ' || pg_get_constraintdef(oid)
from pg_constraint where conrelid = 'contacts'::regclass and contype in ('c', 'f')
union all
select 'the triggers', 6, replace(pg_get_triggerdef(oid), 'ON public.contacts', 'ON floor')
from pg_trigger where tgrelid = 'contacts'::regclass and not tgisinternal
order by place, part, made
"""
"""The parts of contacts: what each is, and a statement that makes it."""


@dataclass(frozen=True, slots=True)
class Ground:
    """A database, an account without contacts, and the same people as a file and as texts for a COPY."""

    database: Database
    connection: psycopg.Connection[Any]
    account: AccountRecord
    file: ImportFile
    rows: int
    plain: bytes
    whole: bytes


def to_text(rows: Iterator[tuple[object, ...]]) -> bytes:
    """Return rows as COPY reads them. No value has a character that needs to be escaped."""
    lines = ("\t".join(r"\N" if value is None else str(value) for value in row) for row in rows)
    return "".join(f"{line}\n" for line in lines).encode()


def as_contacts(rows: int, account_id: int, import_id: int) -> Iterator[tuple[object, ...]]:
    for url, name, email, company, position, on in connections(rows):
        profile = json.dumps({"company": company, "position": position})
        yield account_id, url, name, email, on, profile, "connected", import_id


def time_work(ground: Ground, work: Callable[[], object]) -> float:
    """Return the seconds of processor that `work` takes here and in all processes of Postgres."""
    began_s = read_processor_s(ground.connection)
    work()
    return read_processor_s(ground.connection) - began_s


def read_processor_s(connection: psycopg.Connection[Any]) -> float:
    server = psutil.Process(connection.info.backend_pid).parent()
    assert server is not None
    used_s = time.process_time()
    for process in (server, *server.children()):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            used_s += times.user + times.system
    return used_s


def time_copy(ground: Ground, statement: LiteralString, rows: bytes) -> float:
    """Return the seconds of processor of a COPY and its commit."""

    def work() -> None:
        with ground.connection.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(rows)
        ground.connection.commit()

    return time_work(ground, work)


def read_parts(connection: psycopg.Connection[Any]) -> Mapping[str, Sequence[LiteralString]]:
    """Return the statements of each part of contacts, in the order in which they are added."""
    parts: dict[str, list[LiteralString]] = {}
    for part, _, made in connection.execute(PARTS):
        parts.setdefault(part, []).append(cast("LiteralString", made))
    return parts


def time_all(ground: Ground) -> Iterator[tuple[str, float]]:
    """Yield what is measured, and its seconds of processor: each COPY, reading the file, and the import."""
    connection = ground.connection
    connection.execute("drop table if exists plain")
    connection.execute(CREATE_PLAIN)
    yield PLAIN, time_copy(ground, COPY_PLAIN, ground.plain)
    made: list[LiteralString] = []
    for part, statements in read_parts(connection).items():
        made += statements
        connection.execute("drop table if exists floor")
        for statement in made:
            connection.execute(statement)
        yield f"+ {part}", time_copy(ground, COPY, ground.whole)
    yield READING, time_work(ground, lambda: read_file(ground.file))
    yield OURS, time_work(ground, lambda: run_import(ground))
    connection.execute("truncate contacts cascade")
    connection.commit()


def read_file(file: ImportFile) -> None:
    entries = FORMATS[file.source].read(Lines(file.path, file.encoding), ReadContext(TODAY, ZoneInfo("UTC")))
    for _ in to_rows(entries, "linkedin", EntryLogs()):
        pass


def run_import(ground: Ground) -> None:
    with ground.database.transaction() as session:
        report = import_file(
            session, ground.account, ground.file, by="bench", today=TODAY, progress=lambda _: None
        )
    expect(report.new == ground.rows, report)


def prepare(database: Database, connection: psycopg.Connection[Any], path: Path, rows: int) -> Ground:
    with database.transaction() as session:
        account = accounts.add_account(session, name="mine", site="linkedin", zone=ZoneInfo("UTC"))
    (import_id,) = connection.execute(
        "insert into imports (account_id, source, file_name, started_by) "
        "values (%s, 'linkedin', 'f', 'bench') returning id",
        [account.id],
    ).fetchone() or (0,)
    connection.commit()
    write_export(path, rows)
    texts = to_text(connections(rows)), to_text(as_contacts(rows, account.id, import_id))
    return Ground(database, connection, account, inspect_file(path), rows, *texts)


def build_rows(spent: Mapping[str, Sequence[float]], rows: int) -> Iterator[Row]:
    """Yield a line for each: microseconds a row, what the part adds, and the ratio to a bare COPY."""
    plain_s, before_s = statistics.median(spent[PLAIN]) or 1e-3, 0.0  # the clock's step, with few rows
    for name, seconds in spent.items():
        median_s = statistics.median(seconds)
        low, middle, high = (1e6 * each / rows for each in (min(seconds), median_s, max(seconds)))
        adds = f"{1e6 * (median_s - before_s) / rows:+.1f} µs" if name.startswith("+ ") else ""
        yield Row(name, f"{middle:.1f} µs, {low:.1f} to {high:.1f}", adds, f"{median_s / plain_s:.1f}", "")
        before_s = median_s


def measure(given: Given) -> Iterator[Row]:
    """Measure all some times, in a Postgres of its own."""
    rows, rounds = given.pick(quick=(2_000, 1), usual=(100_000, 3))
    spent: dict[str, list[float]] = {}
    with run_postgres(given.folder / "data") as postgres:
        url = postgres.create_database("bench")
        migrate_and_seed(url)
        with closing(Database(url, application_name="bench")) as database, psycopg.connect(url) as connection:
            ground = prepare(database, connection, given.folder / "Connections.csv", rows)
            for number in range(1, rounds + 1):
                given.say(f"round {number} of {rounds}")
                for name, seconds in time_all(ground):
                    spent.setdefault(name, []).append(seconds)
    return build_rows(spent, rows)


if __name__ == "__main__":
    run_bench(__doc__, measure)
