"""Many actions on a site without pages while processes are killed: each happens once, none is lost.

`python -m tests.faults.crowd` runs 10 000 actions with 8 workers, and kills two children every 2 s.
"""

import argparse
import json
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psutil
from cryptography.fernet import Fernet
from rich.console import Console  # noqa: TID251 -- prints only its own figures
from sqlalchemy import text

from api_stub.cli.stack.migrate import migrate_and_seed
from api_stub.stack.environment import inherited_environment, settings_environment
from api_stub.stack.processes import Child, ProcessTable
from api_stub.stack.servers.postgres import Postgres
from api_stub.stack.servers.redis import Redis
from bench.actions.crowd_plan import plan_crowd
from db.engine import Database

LONGEST_S = 1800


@dataclass(frozen=True)
class Report:
    """The effects that reached the site, counted there, and Postgres' record of them."""

    actions: int
    effects: int
    twice: int
    lost: int
    in_flight: int
    kills: int
    seconds: float

    def __str__(self) -> str:
        return (
            f"{self.actions} actions, {self.effects} effects, {self.twice} twice, {self.lost} lost, "
            f"{self.in_flight} in flight, {self.kills} kills, {self.seconds:.0f} s"
        )


class Crowd:
    """The processes, and their killer."""

    def __init__(self, folder: Path, *, seed: int) -> None:
        self._folder = folder
        self._random = random.Random(seed)
        self._table = ProcessTable(folder)
        self._postgres = Postgres(folder, durable=False)
        self._redis = Redis(folder)
        self._children: list[Child] = []
        self.kills = 0

    def run(
        self,
        *,
        actions: int,
        accounts: int,
        workers: int,
        kill_every_s: float,
        tell: Callable[[int], object],
    ) -> Report:
        with self._postgres, self._redis:
            migrate_and_seed(self._postgres.url)
            database = Database(self._postgres.url, application_name="crowd")
            with database.transaction() as session:
                plan_crowd(session, accounts=accounts, each=actions // accounts)
            began = time.perf_counter()
            try:
                self._start(workers)
                self._until_settled(database, kill_every_s, began, tell)
            finally:
                for child in self._children:
                    child.request_stop()
                for child in self._children:
                    child.stop(timedelta(seconds=10))
            report = make_report(
                self._folder, database, kills=self.kills, seconds=time.perf_counter() - began
            )
            database.close()
        self._postgres.remove_data()
        return report

    def _start(self, workers: int) -> None:
        env = build_environment(self._folder, self._postgres.url, self._redis.url)
        names = {"control": "control", **{f"browser{n}": "browser" for n in range(workers)}}
        arguments = {name: ["worker", role, "--name", name] for name, role in names.items()}
        for name, words in {**arguments, "beat": ["beat"]}.items():
            argv = [sys.executable, "-m", "api_stub.cli", *words]
            self._children.append(self._table.start(name, argv, env))

    def _until_settled(
        self, database: Database, kill_every_s: float, began: float, tell: Callable[[int], object]
    ) -> None:
        next_kill = time.perf_counter() + kill_every_s
        while left := count_left(database):
            tell(left)
            assert time.perf_counter() - began < LONGEST_S, f"{left} actions left after {LONGEST_S} s"
            if time.perf_counter() > next_kill:
                next_kill += kill_every_s
                self._kill_a_child(self._children[0])
                self._kill_a_child(self._random.choice(self._children[1:-1]))
            time.sleep(0.5)

    def _kill_a_child(self, worker: Child) -> None:
        """Kill the process that does the work; its main process starts another at once."""
        children = psutil.Process(worker.pid).children()
        if children:
            children[0].send_signal(signal.SIGKILL)
            self.kills += 1


def build_environment(folder: Path, database_url: str, redis_url: str) -> dict[str, str]:
    """Make the folder of the site without pages; return the environment of workers that use it."""
    ledger = folder / "ledger"
    ledger.mkdir()
    settings = {
        "database_url": database_url,
        "redis_url": redis_url,
        "secret_keys": Fernet.generate_key().decode(),
        "ledger_dir": ledger,
        "browser_timeout": timedelta(seconds=1),
        "lease": timedelta(seconds=12),
        "action_time_limit": timedelta(seconds=20),
        "dispatch_every": timedelta(seconds=1),
        "settle_time": timedelta(seconds=1),
        "log_level": "WARNING",
    }
    return {**inherited_environment(), **settings_environment(settings)}


def make_report(folder: Path, database: Database, *, kills: int, seconds: float) -> Report:
    """Compare the site's own record of effects with Postgres."""
    effects: Counter[str] = Counter()
    for file in (folder / "ledger").glob("*.jsonl"):
        effects.update(json.loads(line)["to"] for line in file.read_text().splitlines())
    with database.transaction() as session:
        done, total, flying = session.execute(
            text(
                "select count(*) filter (where state = 'done'), count(*), "
                "count(*) filter (where lease_until is not null) from actions"
            )
        ).one()
    return Report(
        actions=total,
        effects=effects.total(),
        twice=sum(count > 1 for count in effects.values()),
        lost=total - min(done, len(effects)),
        in_flight=flying,
        kills=kills,
        seconds=seconds,
    )


def count_left(database: Database) -> int:
    """Return how many actions have not ended."""
    ended = "('done', 'failed', 'skipped', 'needs_review')"
    with database.transaction() as session:
        return session.scalar(text(f"select count(*) from actions where state not in {ended}")) or 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--actions", type=int, default=10_000)
    parser.add_argument("--accounts", type=int, default=100)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--kill-every", type=float, default=2.0, help="seconds")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    console = Console()
    with tempfile.TemporaryDirectory() as folder, console.status("starting") as status:
        report = Crowd(Path(folder), seed=given.seed).run(
            actions=given.actions,
            accounts=given.accounts,
            workers=given.workers,
            kill_every_s=given.kill_every,
            tell=lambda left: status.update(f"{left} actions left"),
        )
    console.print(str(report))
    sys.exit(1 if report.twice or report.lost or report.in_flight else 0)


if __name__ == "__main__":
    main()
