"""The servers and processes of `bench.actions.actions`, and what is measured of them."""

import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psutil
import redis
from cryptography.fernet import Fernet
from sqlalchemy import text

from api_stub.cli.stack.migrate import migrate_and_seed
from api_stub.stack.environment import inherited_environment, settings_environment
from api_stub.stack.processes import Child, ProcessTable
from api_stub.stack.servers.postgres import Postgres
from api_stub.stack.servers.redis import Redis
from bench.actions.counting_proxy import CountingProxy
from bench.actions.crowd_plan import plan_crowd
from db.engine import Database

LONGEST_S = 900
EMPTY_TASK = "bench.actions.empty_task"


@dataclass(frozen=True, slots=True)
class Size:
    """How many accounts, actions counted one by one, and actions of each of the races."""

    accounts: int
    counted: int
    raced: int


@dataclass(frozen=True, slots=True)
class Race:
    """Actions a second, and processor seconds of each, of all processes together."""

    rate: float
    processor_s: float


class Bench:
    """The servers, and the processes that use them."""

    def __init__(self, folder: Path, size: Size) -> None:
        self._folder = folder
        self._size = size
        self._ledger = folder / "ledger"
        self._table = ProcessTable(folder)
        self.postgres = Postgres(folder, durable=False)  # else it measures the disk
        self.redis = Redis(folder)

    @contextmanager
    def run_servers(self) -> Iterator[Database]:
        self._ledger.mkdir()
        try:
            with self.postgres, self.redis:
                migrate_and_seed(self.postgres.url)
                with closing(Database(self.postgres.url, application_name="bench")) as database:
                    yield database
        finally:
            self.postgres.remove_data()

    def environment(self, database_url: str, redis_url: str) -> Mapping[str, str]:
        settings = {
            "database_url": database_url,
            "redis_url": redis_url,
            "secret_keys": Fernet.generate_key().decode(),
            "ledger_dir": self._ledger,
            "evidence_dir": self._folder / "evidence",
            "log_level": "WARNING",
        }
        return {**inherited_environment(), **settings_environment(settings)}

    def plan(self, database: Database) -> None:
        """Empty the tables and plan enough actions for every account."""
        # The people are the same each time: what an earlier race sent would count as written by hand.
        shutil.rmtree(self._ledger)
        self._ledger.mkdir()
        each = (self._size.raced + 2 * self._size.counted) // self._size.accounts + 10
        with database.transaction() as session:
            session.execute(text("truncate accounts cascade"))
            plan_crowd(session, accounts=self._size.accounts, each=each)
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            # Not those that fill meanwhile: known to be empty, they would be read whole.
            connection.execute(text("vacuum analyze accounts, contacts, campaigns, actions"))
        client = redis.Redis.from_url(self.redis.url)
        client.flushall()
        client.close()

    def count_one_by_one(self) -> tuple[Counter[str], Counter[str], float, float]:
        """Return what an action asks of Postgres and Redis, and its processor time: ours and Postgres'."""
        with CountingProxy(self.postgres.url) as to_postgres, CountingProxy(self.redis.url) as to_redis:
            urls = to_postgres.url, to_redis.url
            with self._child("bench.actions.one_by_one", urls) as ask:
                ask(str(self._size.counted))
                ask("0")  # reads what is queued
                before = to_postgres.counts(), to_redis.counts()
                ask(str(self._size.accounts))
                counts = to_postgres.counts() - before[0], to_redis.counts() - before[1]
        with self._child("bench.actions.one_by_one", (self.postgres.url, self.redis.url)) as ask:
            ask(str(self._size.accounts))
            server_s = _processor_s(self.postgres.child)
            ours_s = float(ask(str(self._size.counted)))
            server_s = _processor_s(self.postgres.child) - server_s
        return *counts, ours_s / self._size.counted, server_s / self._size.counted

    @contextmanager
    def _child(self, module: str, urls: tuple[str, str]) -> Iterator[Callable[[str], str]]:
        argv = [sys.executable, "-m", module]
        with subprocess.Popen(
            argv, env=self.environment(*urls), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdin is not None
            assert child.stdout is not None

            def ask(question: str) -> str:
                print(question, file=child.stdin, flush=True)
                return child.stdout.readline() if child.stdout else ""

            yield ask
            child.stdin.close()

    @contextmanager
    def run_children(self, commands: Mapping[str, Sequence[str]]) -> Iterator[list[Child]]:
        env = dict(self.environment(self.postgres.url, self.redis.url))
        children: list[Child] = []
        try:
            for name, words in commands.items():
                children.append(self._table.start(name, [sys.executable, "-m", *words], env))
            yield children
        finally:
            for child in children:
                child.request_stop()
            for child in children:
                child.stop(timedelta(seconds=10))

    def race_ours(self, database: Database) -> Race:
        """Two workers carry out planned actions."""
        workers = {
            f"browser{n}": ("api_stub.cli", "worker", "browser", "--name", f"browser{n}") for n in (1, 2)
        }
        others = {
            "control": ("api_stub.cli", "worker", "control", "--name", "control"),
            "beat": ("api_stub.cli", "beat"),
        }

        def count_done() -> int:
            with database.transaction() as session:
                done = session.scalars(text("select count(*) from actions where state = 'done'"))
                return int(done.one())

        with self.run_children({**workers, **others}) as children:
            return self._measure(count_done, [*children, self.postgres.child, self.redis.child])

    def race_empty(self, _: Database) -> Race:
        """Two workers of Celery carry out an empty task."""
        client = redis.Redis.from_url(self.redis.url)
        client.flushall()
        env = self.environment(self.postgres.url, self.redis.url)
        subprocess.run([sys.executable, "-m", EMPTY_TASK, str(self._size.raced)], env=env, check=True)
        options = ("-Q", "birthday", "-c", "1", "-l", "WARNING", "--without-mingle", "--without-gossip")
        workers = {
            f"empty{n}": (
                "celery",
                "-A",
                EMPTY_TASK,
                "worker",
                "-n",
                f"empty{n}@%h",
                *options,
            )
            for n in (1, 2)
        }
        with self.run_children(workers) as children:
            race = self._measure(
                lambda: self._size.raced - int(client.llen("birthday")),
                [*children, self.redis.child],
            )
        client.close()
        return race

    def _measure(self, count_done: Callable[[], int], children: Sequence[Child | None]) -> Race:
        """Measure from a fifth to nine tenths of the actions: nothing starts or runs dry then."""
        first, last = self._size.raced // 5, self._size.raced * 9 // 10
        done = self._wait(count_done, first)
        began, processor_s = time.perf_counter(), sum(map(_processor_s, children))
        ended = self._wait(count_done, last)
        seconds = time.perf_counter() - began
        return Race(
            (ended - done) / seconds, (sum(map(_processor_s, children)) - processor_s) / (ended - done)
        )

    def _wait(self, count_done: Callable[[], int], enough: int) -> int:
        until = time.perf_counter() + LONGEST_S
        while (done := count_done()) < enough:
            if time.perf_counter() > until:
                raise TimeoutError(f"{done} of {enough} after {LONGEST_S} s")
            time.sleep(0.1)
        return done

    def race_bare(self, database: Database) -> Race:
        """Two processes send only the statements."""
        urls = self.postgres.url, self.redis.url
        with self._child("bench.actions.one_by_one", urls) as ask:
            ask("1")  # queues one action of each account, and has the quota's counters rebuilt
        with database.transaction() as session:
            queued = session.scalars(text("select id from actions where state = 'queued' order by id")).all()
        each = self._size.raced // self._size.accounts - 1
        children = [self.postgres.child, self.redis.child]
        processor_s = sum(map(_processor_s, children))
        argv = [sys.executable, "-m", "bench.actions.bare_actions"]
        both = [
            subprocess.Popen(
                argv, env=self.environment(*urls), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            for _ in range(2)
        ]
        shares = [queued[::2], queued[1::2]]
        for process, ids in zip(both, shares, strict=True):
            assert process.stdin is not None
            process.stdin.write("".join(f"{action_id} {each}\n" for action_id in ids))
            process.stdin.close()
        spent = []
        for process in both:
            assert process.stdout is not None
            spent.append(sum(map(float, process.stdout)))
            process.wait()
        processor_s = sum(map(_processor_s, children)) - processor_s
        return Race(each * len(queued) / max(spent), processor_s / (each * len(queued)))


def _processor_s(child: Child | None) -> float:
    if child is None:
        return 0.0
    process = psutil.Process(child.pid)
    total = 0.0
    for one in [process, *process.children(recursive=True)]:
        try:
            times = one.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total
