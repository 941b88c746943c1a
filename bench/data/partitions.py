"""The two tables that only grow, as they are and partitioned by month: inserts, hot queries, retention.

`./run bench partitions` fills both forms of `interactions` and `action_events` with rows of five years. The
module takes their number, too: `python -m bench.data.partitions --rows 10000000`. A unique key of a
partitioned table must hold its month, so what makes a greeting happen once needs a table of its own there.
`--quick` only shows that it works.
"""

import argparse
import random
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import psycopg

from api_stub.cli.stack.migrate import migrate_and_seed
from bench.command import Given, run_bench
from bench.report import Row
from bench.system.servers import run_postgres

Connection = psycopg.Connection[Any]

MONTHS: Final = 60
OLD: Final = 12
"""So many months are given up by retention."""
ACCOUNTS: Final = 100
TIMES: Final = 300


@dataclass(frozen=True, slots=True)
class Subject:
    """A table, how it is filled from `n` (an account is n % 100), its month's column, and its hot queries.

    queries: with %(account)s, %(contact)s and %(action)s
    """

    table: str
    month_of: str
    values: str
    queries: Mapping[str, str]


_SPAN: Final = f"interval '{MONTHS - 1} months'"
AT: Final = f"date_trunc('month', now()) - {_SPAN} + n * {_SPAN} / %(rows)s"
ACTION: Final = "md5((n / {each})::text)::uuid"
ACCOUNT: Final = f"1 + n %% {ACCOUNTS}"
INTERACTIONS: Final = Subject(
    "interactions",
    "created_at",
    "(account_id, contact_id, action_id, type, status, occasion, message, correlation_id, created_at) "
    f"select {ACCOUNT}, 1 + n %% greatest(%(rows)s / 10, 1), {ACTION.format(each=1)}, 'greet', 'sent', "
    f"'birthday:' || n %% 10, 'A very happy birthday, and a calm year!', 'x', {AT}",
    {
        "was this person greeted": "select from {} where contact_id = %(contact)s and type = 'greet' and "
        "occasion = 'birthday:3'",
        "an account's newest": "select * from {} where account_id = %(account)s order by id desc limit 50",
        "an account's last week": "select count(*) from {} where account_id = %(account)s and created_at > "
        "now() - interval '7 days'",
        "the newest of all": "select * from {} order by created_at desc, id desc limit 50",
        "that of an action": "select * from {} where action_id = %(action)s",
    },
)
EVENTS: Final = Subject(
    "action_events",
    "at",
    "(account_id, seq, action_id, at, to_state, attempt, actor, correlation_id, hash) "
    f"select {ACCOUNT}, 1 + n / {ACCOUNTS}, {ACTION.format(each=5)}, {AT}, "
    "case n %% 5 when 3 then 'acting' else 'done' end, 1, 'bench', 'x', sha256(n::text::bytea)",
    {
        "an action's history": "select * from {} where action_id = %(action)s order by seq",
        "an account's openings of a week": "select count(*) from {} where account_id = %(account)s "
        "and to_state = 'acting' and at > now() - interval '7 days'",
        "the next part of a chain": "select * from {} where account_id = %(account)s and seq > %(seq)s order "
        "by seq limit 500",
    },
)


_PARTITION: Final = """
do $$
declare
    first timestamptz := date_trunc('month', now()) - interval '{ago} months';
begin
    execute format('create table {name}_{month} partition of {name} for values from (%L) to (%L)',
        first, first + interval '1 month');
end
$$
"""
_ONE: Final = "with one as (select %(n)s::bigint as n)"
_ONCE: Final = f", once as (insert into {{once}} select {ACTION.format(each=1)} from one)"


class Form:
    """One form of a table, which is filled, measured and dropped."""

    def __init__(self, connection: Connection, subject: Subject, rows: int, *, by_month: bool) -> None:
        self._connection, self._subject, self._rows, self._by_month = connection, subject, rows, by_month
        self._has_once = subject is INTERACTIONS
        self.name = f"{subject.table}_{'by_month' if by_month else 'whole'}"

    def create(self) -> float:
        """Create and fill it, then its indexes. Return the seconds."""
        began = time.perf_counter()
        like = f"(like {self._subject.table} including defaults including identity including constraints)"
        by = f"partition by range ({self._subject.month_of})" if self._by_month else ""
        self._execute(f"create table {self.name} {like} {by}")
        for month in range(MONTHS + 1) if self._by_month else ():
            self._execute(_PARTITION.format(name=self.name, month=month, ago=MONTHS - 1 - month))
        self._insert("generate_series(0, %(rows)s - 1) n", rows=self._rows)
        for definition in self._list_indexes():
            self._execute(definition)
        if self._by_month and self._has_once:
            self._execute(f"create table {self.name}_once (action_id uuid primary key)")
            self._execute(f"insert into {self.name}_once select action_id from {self.name}")
        self._execute("vacuum analyze")
        return time.perf_counter() - began

    def _list_indexes(self) -> Iterator[str]:
        """Yield the statements that create the table's own indexes here; a unique one has its month."""
        found = self._connection.execute(
            "select indexdef from pg_indexes where tablename = %s order by 1", [self._subject.table]
        ).fetchall()
        for number, (definition,) in enumerate(found):
            _, _, rest = definition.partition(f" ON public.{self._subject.table} ")
            unique = "unique" if " UNIQUE " in definition else ""
            if unique and self._by_month:
                rest = rest.replace(")", f", {self._subject.month_of})", 1)
            yield f"create {unique} index {self.name}_{number}_ix on {self.name} {rest}"

    def _insert(self, source: str, **values: Any) -> None:  # noqa: ANN401 -- of a statement
        given = {"rows": self._rows, **values}
        self._connection.execute(f"insert into {self.name} {self._subject.values} from {source}", given)

    def time_inserts(self) -> list[float]:
        """Insert rows of this month one by one; return the seconds of each."""
        took = []
        once = _ONCE.format(once=f"{self.name}_once") if self._by_month and self._has_once else ""
        statement = f"{_ONE}{once} insert into {self.name} {self._subject.values} from one"
        for number in range(TIMES):
            began = time.perf_counter()
            self._connection.execute(statement, {"rows": self._rows, "n": self._rows + number})
            took.append(time.perf_counter() - began)
        return took

    def time_query(self, query: str, draw: random.Random) -> list[float]:
        """Ask for random accounts, people and actions; return the seconds of each."""
        took = []
        asked = query.format(self.name)
        for _ in range(TIMES):
            n = draw.randrange(self._rows)
            values = {
                "account": 1 + n % ACCOUNTS,
                "contact": 1 + n % max(self._rows // 10, 1),
                "seq": n // ACCOUNTS,
            }
            action = self._connection.execute(
                "select md5(%s)::uuid", [str(n // (1 if self._subject is INTERACTIONS else 5))]
            )
            values["action"] = (action.fetchone() or [None])[0]
            began = time.perf_counter()
            self._connection.execute(asked, values).fetchall()
            took.append(time.perf_counter() - began)
        return took

    def time_retention(self) -> float:
        """Give up the oldest months, in blocks or by dropping their partitions; return the seconds."""
        began = time.perf_counter()
        if self._by_month:
            for month in range(OLD):
                self._execute(f"drop table {self.name}_{month}")
            return time.perf_counter() - began
        before = f"date_trunc('month', now()) - interval '{MONTHS - 1 - OLD} months'"
        block = f"select ctid from {self.name} where {self._subject.month_of} < {before} limit 10000"
        while self._connection.execute(f"delete from {self.name} where ctid in ({block})").rowcount:
            pass
        self._execute(f"vacuum {self.name}")
        return time.perf_counter() - began

    def measure_size(self) -> tuple[int, int]:
        """Return the bytes of its rows, and those of its indexes."""
        row = self._connection.execute(
            "select sum(pg_table_size(oid))::bigint, sum(pg_indexes_size(oid))::bigint from pg_class "
            "where relkind = 'r' and (relname = %(name)s or relname like %(name)s || '\\_%%')",
            {"name": self.name},
        ).fetchone()
        assert row is not None
        return row[0], row[1]

    def drop(self) -> None:
        self._execute(f"drop table {self.name}")
        self._execute(f"drop table if exists {self.name}_once")

    def _execute(self, statement: str) -> None:
        self._connection.execute(statement)


def measure(
    connection: Connection, subject: Subject, rows: int, say: Callable[[str], object]
) -> Iterator[Row]:
    """Measure both forms of a table, and yield a row for each figure."""
    figures: list[dict[str, float]] = []
    texts: list[dict[str, str]] = []
    for by_month in (False, True):
        form = Form(connection, subject, rows, by_month=by_month)
        say(f"filling {form.name}")
        filled_s = form.create()
        took = {"one insert": form.time_inserts()}
        for what, query in subject.queries.items():
            say(f"asking {form.name}: {what}")
            took[what] = form.time_query(query, random.Random(1))
        heap, indexes = form.measure_size()
        say(f"retention of {form.name}")
        spent = {what: statistics.median(each) for what, each in took.items()}
        words = {
            what: f"p50 {1e6 * each:.0f} µs, p95 {1e6 * statistics.quantiles(took[what], n=20)[-1]:.0f} µs"
            for what, each in spent.items()
        }
        spent |= {"filling it": filled_s, "rows and indexes": float(heap + indexes)}
        words |= {
            "filling it": f"{filled_s:.0f} s",
            "rows and indexes": f"{heap / 2**20:,.0f} and {indexes / 2**20:,.0f} MiB",
        }
        what = f"giving up {OLD} of {MONTHS} months"
        spent[what] = form.time_retention()
        words[what] = f"{spent[what]:.2f} s"
        form.drop()
        figures.append(spent)
        texts.append(words)
    for what, base in figures[0].items():
        ratio = f"{figures[1][what] / base:.2f}" if base else ""
        yield Row(
            f"{subject.table}: {what}", f"by month {texts[1][what]}", f"whole {texts[0][what]}", ratio, ""
        )


def measure_all(given: Given) -> Iterator[Row]:
    """Measure both tables."""
    rows = given.options.rows or given.pick(quick=20_000, usual=100_000, long=300_000)
    with run_postgres(given.folder) as postgres:
        migrate_and_seed(postgres.url)
        with psycopg.connect(postgres.url, autocommit=True) as connection:
            connection.execute("set session_replication_role = replica")  # no triggers: they are the same
            for subject in (INTERACTIONS, EVENTS):
                yield from measure(connection, subject, rows, given.say)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what only this bench can be told."""
    parser.add_argument("--rows", type=int, help="rows of each table, instead of 100000")


if __name__ == "__main__":
    run_bench(__doc__, measure_all, long="300 000 rows of each table", add_options=add_options)
