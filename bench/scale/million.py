"""What reads an account's contacts, with a million of them, against ten thousand.

`./run bench million` starts a Postgres and fills two databases, each with one account. Both have
the same birthdays a day, planned greetings and visits, so that only what nobody asks for is more. Each was
greeted once. Planning, `why`, searches, lists and the choice of connections not seen for months then run in
turn, as the application runs them. `--quick` only shows that it works.
"""

import gc
import math
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

import psutil
from sqlalchemy import Connection, func, select, text

from api_stub.cli.stack.migrate import migrate_and_seed
from api_stub.stack.environment import set_environment, settings_environment
from bench.command import Given, run_bench
from bench.report import Row
from bench.scale.contact_reads import WORK, Work, plan_a_day
from bench.system.servers import open_database, run_postgres
from db.engine import Database
from worker import logs
from worker.settings import Settings

FILLED: Final = ("contacts", "actions", "interactions")
FILL: Final = """
insert into accounts (name, site, time_zone, session, session_proven_at)
    values ('demo', 'sandbox', 'UTC', '\\x00', now());
insert into campaigns (id, account_id, kind, options, state, correlation_id)
    select gen_random_uuid(), 1, kind, '{}', 'planned', 'bench'
    from unnest(array['birthday', 'visitor']) kind;
create function pg_temp.word(n bigint) returns text language sql immutable
    as $$ select translate(left(md5(n::text), 7), '0123456789', 'aeioulnrst') $$;
insert into contacts (account_id, profile_url, full_name, birth_month, birth_day, profile, created_at)
    select 1, 'https://sandbox.test/in/p' || n || '/',
           initcap('b' || pg_temp.word(n % 2003)) || ' ' || initcap('d' || pg_temp.word(n % 49999)),
           extract(month from d.day), extract(day from d.day),
           jsonb_build_object('company', 'Company ' || n % 5000,
                              'position', 'Head of ' || pg_temp.word(n % (:contacts / 33))),
           now() - (:contacts - n) * interval '10 years' / :contacts
    from generate_series(1, :contacts) n
    cross join lateral (  -- the same number of birthdays, spread over all
        select case when n % (:contacts / :dated) = 0
                    then date '2001-01-01' + (n / (:contacts / :dated)) % 365 end
    ) d (day);
create temp table many on commit drop as
    select gen_random_uuid() as id, n as contact_id, 'greet' as kind,
           now() - interval '1 month' - (:contacts - n) * interval '10 years' / :contacts as at
    from generate_series(1, :contacts) n
    union all  -- the first people were visited, as a visitor campaign chooses them
    select gen_random_uuid(), n, 'visit', now() - (:visits - n) * interval '500 days' / :visits
    from generate_series(1, :visits) n;
insert into actions (id, account_id, contact_id, campaign_id, kind, occasion, occasion_on, message, state,
                     not_before, created_at, acting_since, acting_attempt, correlation_id)
    select m.id, 1, m.contact_id, c.id, m.kind, m.kind || ' of before', m.at, 'Hi!', 'done', m.at, m.at, m.at,
           1, 'bench'
    from many m
    join campaigns c on c.kind = case m.kind when 'greet' then 'birthday' else 'visitor' end;
insert into interactions (account_id, contact_id, action_id, type, status, occasion, message, created_at,
                          correlation_id)
    select 1, m.contact_id, m.id, m.kind, 'proven', m.kind || ' of before', 'Hi!', m.at, 'bench' from many m
"""


@dataclass(frozen=True, slots=True)
class Size:
    """How many contacts there are, how many of them have a birthday, and how many were visited."""

    contacts: int
    dated: int
    visits: int
    times: int

    @property
    def settings(self) -> Mapping[str, int]:
        """The numbers of FILL."""
        return {"contacts": self.contacts, "dated": self.dated, "visits": self.visits}


FULL: Final = (Size(10_000, 10_000, 5_000, 40), Size(1_000_000, 10_000, 5_000, 40))
QUICK: Final = (Size(400, 400, 100, 2), Size(800, 400, 100, 2))


def fill(database: Database, size: Size) -> None:
    """Fill the tables without triggers, and build their indexes afterwards, which takes half the time."""
    with database.engine.begin() as connection:
        connection.execute(text("set local session_replication_role = replica"))
        connection.execute(text("set local maintenance_work_mem = '512MB'"))
        indexes = _drop_indexes(connection)
        for statement in FILL.split(";\n"):
            named = {name: value for name, value in size.settings.items() if f":{name}" in statement}
            connection.execute(text(statement), named)
        for definition in indexes:
            connection.exec_driver_sql(definition)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("vacuum analyze"))


def _drop_indexes(connection: Connection) -> Sequence[str]:
    """Drop the indexes that are no constraints; return how to create them."""
    found = connection.execute(
        text(
            "select indexname, indexdef from pg_indexes where tablename = any(:filled) and not exists ("
            "select from pg_constraint where conname = indexname)"
        ),
        {"filled": list(FILLED)},
    ).all()
    for name, _ in found:
        connection.execute(text(f"drop index {name}"))
    return [definition for _, definition in found]


@dataclass(frozen=True, slots=True)
class Times:
    """The seconds of each time, sorted, and of the processor for one, here and in Postgres together."""

    taken: Sequence[float]
    processor_s: float

    def pick(self, share: float) -> float:
        """Return the time that this share of them doesn't exceed."""
        return self.taken[math.ceil(share * len(self.taken)) - 1]

    def __str__(self) -> str:
        p95, p50, processor = (1e3 * each for each in (self.pick(0.95), self.pick(0.5), self.processor_s))
        return f"p95 {p95:.1f} ms, p50 {p50:.1f} ms, {processor:.1f} ms of processor"


class Side:
    """Some work in one database. What it writes is taken back."""

    def __init__(self, database: Database, work: Work) -> None:
        self._database, self._work = database, work
        with database.transaction() as session:
            work(session, 0)  # not counted
            self._server = psutil.Process(session.scalars(select(func.pg_backend_pid())).one())
            session.rollback()
        self._server_before, self._processor_s = self._read_server(), 0.0
        self._taken: list[float] = []

    def do(self, number: int) -> None:
        """Do the work once more."""
        processor, began = time.process_time(), time.perf_counter()
        with self._database.transaction() as session:
            self._work(session, number)
            self._taken.append(time.perf_counter() - began)
            session.rollback()
        self._processor_s += time.process_time() - processor

    def times(self) -> Times:
        """Return how long it took so far."""
        processor_s = self._processor_s + self._read_server() - self._server_before
        return Times(sorted(self._taken), processor_s / len(self._taken))

    def _read_server(self) -> float:
        return sum(self._server.cpu_times()[:2])


def measure(small: Database, large: Database, times: int) -> Sequence[Row]:
    """Time everything in both databases in turn."""
    rows = []
    for name, work in WORK.items():
        few, many = Side(small, work), Side(large, work)
        gc.collect()  # else it comes in one of the times of one side
        for number in range(times):
            few.do(number)
            many.do(number)
        rows.append(describe(name, few.times(), many.times()))
        if work is plan_a_day:
            for database in (small, large):
                with database.transaction() as session:
                    work(session, 0)
    return rows


def describe(name: str, few: Times, many: Times) -> Row:
    """Return the row of one work, with how its processor time grew, which other work hardly influences."""
    ratio = many.processor_s / max(few.processor_s, 1e-6)
    return Row(name, str(many), str(few), f"{ratio:.2f}", "< 100 ms, < 1.5")


def weigh(database: Database, size: Size) -> Row:
    """Return the row of what a contact takes on the disk, with its indexes."""
    with database.transaction() as session:
        taken = session.scalars(text("select pg_total_relation_size('contacts')")).one()
    return Row("a contact on the disk, with its indexes", f"{taken / size.contacts / 1e3:.2f} kB", "", "", "")


def measure_all(given: Given) -> Sequence[Row]:
    """Fill both databases, and time everything in them."""
    sizes = given.pick(quick=QUICK, usual=FULL)
    set_environment(settings_environment({"log_level": "WARNING"}))
    logs.configure(Settings())
    with run_postgres(given.folder) as postgres, ExitStack() as opened:
        databases: list[Database] = []
        for size in sizes:
            given.say(f"{size.contacts:,} contacts")
            address = postgres.create_database(f"of_{size.contacts}")
            migrate_and_seed(address)
            databases.append(opened.enter_context(open_database(address)))
            fill(databases[-1], size)
        small, large = databases
        return [*measure(small, large, sizes[0].times), weigh(large, sizes[-1])]


if __name__ == "__main__":
    run_bench(__doc__, measure_all)
