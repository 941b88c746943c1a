"""The morning of a thousand accounts a hundred times as fast, and the first dispatch of ten thousand.

`./run bench day` starts Postgres and Redis, plans a day's greetings of a thousand accounts on the
site without pages, and lets a control worker, beat and two workers begin the day. The gap between two
greetings of an account is a hundredth of the usual one, and so is the time that the day's greetings take.
What an action costs can't be divided, so this asks a hundred times of these workers what the real
day would. Meanwhile it looks once a second how long the oldest due action has waited. Then one process plans
campaigns of some of ten thousand accounts, and dispatches an action of each of them. `--quick` only shows
that it works.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from sqlalchemy import text

from api_stub.stack.environment import settings_environment
from bench.actions import action_races
from bench.actions.crowd_plan import plan_crowd
from bench.command import Given, run_bench
from bench.report import Row
from bench.start import read_processor_time
from db.engine import Database

SPEED: Final = 100
GAP_MS: Final = 90_000 // SPEED, 180_000 // SPEED
DISPATCH_EVERY: Final = timedelta(seconds=1)  # beat looks no oftener
PARTS: Final = 5
"""In how many parts the run's time is told."""
LAG: Final = text(f"""
with last as materialized (select account_id, max(acting_since) as at from actions group by account_id)
select extract(epoch from now() - min(w.due) filter (where w.state = 'planned'))::float8 as planned,
       extract(epoch from now() - min(w.due) filter (where w.state = 'queued'))::float8 as queued,
       (select count(*) from actions where state = 'done') as done
from (
    select d.state, greatest(d.not_before, last.at + interval '{GAP_MS[0]} ms') as due
    from actions d join last using (account_id)
    where d.state = 'queued'
       or d.state = 'planned' and d.not_before <= now() and not exists (
           select from actions f
           where f.account_id = d.account_id and f.state in ('queued', 'claimed', 'acting'))
) w
where w.due <= now()
""")
"""How many seconds the oldest action has waited that could be dispatched, and that is dispatched.

An account's next is due when the gap after its last one may be over.
"""
SIZE_OF_ACTIONS: Final = text("""
select sum(pg_total_relation_size(name::regclass))::bigint
from unnest(array['actions', 'action_events', 'interactions', 'decisions', 'event_feed']) name
""")


@dataclass(frozen=True, slots=True)
class Size:
    """Accounts, their greetings, most seconds of the run; and accounts only planned and dispatched."""

    accounts: int
    each: int
    seconds: float
    dispatched: int
    planned: int


FULL: Final = Size(accounts=1000, each=15, seconds=300, dispatched=10_000, planned=200)
QUICK: Final = Size(accounts=6, each=4, seconds=4, dispatched=12, planned=3)


@dataclass(frozen=True, slots=True)
class Sample:
    """After so many seconds: how long the oldest waits for dispatch and for a worker, and what is done."""

    seconds: float
    for_dispatch_s: float
    for_worker_s: float
    done: int

    @property
    def oldest_s(self) -> float:
        """How long the oldest due action has waited."""
        return max(self.for_dispatch_s, self.for_worker_s)


class DayBench(action_races.Bench):
    """The servers and processes, with a tick as quick as beat allows."""

    def environment(self, database_url: str, redis_url: str) -> Mapping[str, str]:
        ticks = settings_environment({"dispatch_every": DISPATCH_EVERY})
        return {**super().environment(database_url, redis_url), **ticks}

    def begin_day(self, database: Database, size: Size) -> None:
        """Plan everybody's greetings."""
        with database.transaction() as session:
            session.execute(text("truncate accounts cascade"))
            plan_crowd(session, accounts=size.accounts, each=size.each)
            session.execute(
                text("update quota_limits set per_day = :each, gap_min_ms = :least, gap_max_ms = :most"),
                {"each": size.each, "least": GAP_MS[0], "most": GAP_MS[1]},
            )
        if size.each > 1:  # one account shows that the workers have started; only then the day begins
            set_due(database, "now() + interval '1 hour'", besides=1)
        vacuum(database)

    @contextmanager
    def run_day(self) -> Iterator[Mapping[str, int]]:
        """Run what carries actions out; yield the pids of each part."""
        words: dict[str, Sequence[str]] = {
            name: ("api_stub.cli", "worker", "browser", "--name", name) for name in ("browser1", "browser2")
        }
        words["control"] = ("api_stub.cli", "worker", "control", "--name", "control")
        words["beat"] = ("api_stub.cli", "beat")
        with self.run_children(words) as children:
            servers = {"Postgres": self.postgres.child, "Redis": self.redis.child}
            yield {
                **{child.name: child.pid for child in children},
                **{name: child.pid for name, child in servers.items() if child is not None},
            }

    def plan_and_dispatch(self, size: Size) -> tuple[float, Sequence[tuple[int, float]]]:
        """Plan campaigns of some accounts in one process, and dispatch one action of each account.

        Returns the seconds of a campaign, and how many actions each tick dispatched in how many seconds.
        """
        urls = self.postgres.url, self.redis.url
        with self._child("bench.scale.planner", urls) as ask:
            seconds = float(ask(f"plan {size.planned}")) / size.planned
            ticks: list[tuple[int, float]] = []
            while True:
                count, took = ask("dispatch").split()
                if not int(count):
                    return seconds, ticks
                ticks.append((int(count), float(took)))


def vacuum(database: Database) -> None:
    """Let Postgres know what the tables hold."""
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("vacuum analyze"))


def set_due(database: Database, due: str, *, besides: int = 0) -> None:
    """Make the planned actions due at this instant in SQL, apart from those of so many accounts."""
    with database.transaction() as session:
        session.execute(text("set local session_replication_role = replica"))  # nothing needs to know
        session.execute(
            text(
                f"update actions set not_before = {due}, reason = 'gap' "
                "where state = 'planned' and account_id not in "
                "(select id from accounts order by id limit :besides)"
            ),
            {"besides": besides},
        )


def watch(database: Database, size: Size) -> Sequence[Sample]:
    """Sample once a second, until the time is over or everything is done."""
    samples: list[Sample] = []
    began = time.perf_counter()
    while not samples or samples[-1].seconds < size.seconds:
        with database.transaction() as session:
            planned, queued, done = session.execute(LAG).one()
        samples.append(Sample(time.perf_counter() - began, planned or 0.0, queued or 0.0, done))
        if done == size.accounts * size.each:
            break
        time.sleep(min(1.0, size.seconds / 10))
    return samples


def describe_day(
    size: Size, samples: Sequence[Sample], processor_s: Mapping[str, float], bytes_each: float
) -> Iterator[Row]:
    """Yield the rows of the thousand accounts; `processor_s` is what each part used during the samples."""
    first, last = samples[0], samples[-1]
    seconds, done = max(last.seconds - first.seconds, 1e-3), last.done - first.done
    what = f"{size.accounts:,} accounts at {SPEED} x"
    yield Row(
        what, f"{last.done:,} of {size.accounts * size.each:,} greetings in {last.seconds:.0f} s", "", "", ""
    )
    yield Row(f"{what}: throughput", f"{done / seconds:.0f} a second", "", "", "")
    for part in range(1, PARTS + 1):
        begin, end = ((part - gone) * last.seconds / PARTS for gone in (1, 0))
        if not (share := [each for each in samples if begin <= each.seconds <= end]):
            continue
        oldest = max(share, key=lambda each: each.oldest_s)
        yield Row(
            f"{what}: oldest due, until {share[-1].seconds:.0f} s",
            f"{oldest.oldest_s:.1f} s; for dispatch {oldest.for_dispatch_s:.1f} s, for a worker "
            f"{oldest.for_worker_s:.1f} s", "", "", "",
        )  # fmt: skip
    for name, used_s in processor_s.items():
        yield Row(
            f"{what}: processor of {name}",
            f"{1000 * used_s / max(done, 1):.2f} ms for an action, {used_s / seconds:.2f} cores", "", "", "",
        )  # fmt: skip
    yield Row(f"{what}: growth of the database", f"{bytes_each / 1e3:.2f} kB for an action", "", "", "")


def describe_dispatch(size: Size, plan_s: float, ticks: Sequence[tuple[int, float]]) -> Iterator[Row]:
    """Yield the rows of the ten thousand accounts."""
    what = f"{size.dispatched:,} accounts"
    count, seconds = (sum(column) for column in zip(*ticks, strict=True))
    yield Row(f"{what}: planning a campaign, one process", f"{1000 * plan_s:.2f} ms", "", "", "")
    yield Row(
        f"{what}: dispatching an action, one process",
        f"{1000 * seconds / count:.2f} ms, {count:,} in {seconds:.1f} s and {len(ticks)} ticks", "", "", "",
    )  # fmt: skip
    yield Row(f"{what}: oldest due when the last is dispatched", f"{seconds:.1f} s", "", "", "")


def measure_day(bench: DayBench, database: Database, size: Size) -> Iterator[Row]:
    """Run the thousand accounts."""
    bench.begin_day(database, size)
    with database.transaction() as session:
        before = session.scalars(SIZE_OF_ACTIONS).one()
    with bench.run_day() as pids:
        wait_for_first(database)
        set_due(database, "now()")
        used = {name: read_processor_time(pid) for name, pid in pids.items()}
        samples = watch(database, size)
        parts: dict[str, float] = {}
        for name, pid in pids.items():
            part = "the workers" if name.startswith("browser") else name
            parts[part] = parts.get(part, 0) + (read_processor_time(pid) - used[name]).total_seconds()
    with database.transaction() as session:
        grown = session.scalars(SIZE_OF_ACTIONS).one() - before
    yield from describe_day(size, samples, parts, grown / samples[-1].done)


def wait_for_first(database: Database) -> None:
    """Wait until an action is done: the processes have started."""
    until = time.perf_counter() + action_races.LONGEST_S
    while time.perf_counter() < until:
        with database.transaction() as session:
            if session.execute(LAG).one().done:
                return
        time.sleep(0.1)
    raise TimeoutError("no action is done")


def measure(given: Given) -> Iterator[Row]:
    """Run the thousand, then plan and dispatch the ten thousand."""
    size = given.pick(quick=QUICK, usual=FULL)
    bench = DayBench(given.folder, action_races.Size(size.accounts, 0, 0))
    with bench.run_servers() as database:
        given.say(f"{size.accounts:,} accounts")
        yield from measure_day(bench, database, size)
        given.say(f"{size.dispatched:,} accounts")
        bench.begin_day(database, replace(size, accounts=size.dispatched, each=1))
        yield from describe_dispatch(size, *bench.plan_and_dispatch(size))


if __name__ == "__main__":
    run_bench(__doc__, measure)
