"""The processes and servers of a fault test: start, supervise, kill and disconnect them."""

import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar

import psutil
import psycopg
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from api_stub.cli.stack.migrate import migrate_and_seed
from api_stub.stack.environment import inherited_environment
from api_stub.stack.processes import Child, ProcessTable
from api_stub.stack.servers.postgres import Postgres
from api_stub.stack.servers.redis import Redis
from tests.faults import browsers
from tests.proxy import Proxy

T = TypeVar("T")

BROWSERS: Final = ("browser1", "browser2")
ROLES: Final = {
    "browser1": ("worker", "browser", "--name", "browser1"),
    "browser2": ("worker", "browser", "--name", "browser2"),
    "control": ("worker", "control", "--name", "control"),
    "beat": ("beat",),
}
_PROCESS: Final = ("api_stub.cli",)
_SKEWED: Final = "tests.faults.skewed"


class Cluster:
    """The Postgres, Redis, workers and beat of one run. Workers reach both servers through a proxy."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.postgres = Postgres(data, durable=False)
        self.redis = Redis(data)
        self.restarts: Counter[str] = Counter()
        self.table = ProcessTable(data)
        self.env: dict[str, str] = {}
        self._children: dict[str, Child] = {}
        self._commands: dict[str, tuple[str, ...]] = {}

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def settings(self) -> dict[str, str]:
        """Return the environment of the processes. Called when both servers run."""
        raise NotImplementedError

    def _start(self) -> None:
        self.postgres.start()
        self.redis.start()
        migrate_and_seed(self.postgres.url)
        self.to_postgres = Proxy(self.postgres.url)
        self.to_redis = Proxy(self.redis.url)
        self.env = {**inherited_environment(), **self.settings()}
        for name, command in ROLES.items():
            self.start(name, *command)
        self._wait_until_ready(*(name for name in ROLES if name != "beat"))

    def _end(self) -> None:
        for child in self._children.values():
            child.request_stop()
        for child in self._children.values():
            child.stop(timedelta(seconds=8))
        for proxy in ("to_redis", "to_postgres"):
            if proxy in vars(self):
                getattr(self, proxy).close()
        self.redis.stop()
        self.postgres.stop()
        self.postgres.remove_data()

    # --- processes

    def start(self, name: str, *command: str, module: tuple[str, ...] = _PROCESS) -> Child:
        """Start a process of Rapport, which is restarted whenever it dies."""
        self._commands[name] = (*module, *command)
        return self._launch(name)

    def _launch(self, name: str) -> Child:
        argv = [sys.executable, "-m", *self._commands[name]]
        self._children[name] = self.table.start(name, argv, self.env)
        return self._children[name]

    def stop_for_good(self, name: str) -> None:
        """Stop a process that is not to be restarted."""
        child = self._children.pop(name)
        child.stop(timedelta(seconds=8))
        self.table.forget(child)

    def skew(self, name: str, by: timedelta) -> None:
        """Restart a worker with its clock `by` ahead; zero restores it."""
        module = (_SKEWED, str(int(by.total_seconds()))) if by else _PROCESS
        self.stop_for_good(name)
        self.start(name, *ROLES[name], module=module)
        self._wait_until_ready(name)

    def _wait_until_ready(self, *workers: str) -> None:
        self.wait_for("the workers", lambda: all(" ready." in self.log(name) for name in workers))

    def supervise(self) -> None:
        """Restart dead processes, as a supervisor would."""
        for name, child in list(self._children.items()):
            if not child.alive():
                child.stop(timedelta(0))
                self.table.forget(child)
                self.restarts[name] += 1
                self._launch(name)

    def kill_all(self) -> None:
        """SIGKILL all processes at once."""
        for child in self._children.values():
            child.send(signal.SIGKILL)

    def services(self) -> list[Child]:
        """Return the processes of Rapport that should run."""
        return list(self._children.values())

    def child(self, name: str) -> Child:
        """Return a process by name."""
        return self._children[name]

    def log(self, name: str) -> str:
        """Return what the process has logged since it was started."""
        return self._children[name].log.read_text(errors="replace")

    def pool_children(self, name: str) -> list[psutil.Process]:
        """Return the children of a worker's pool, which run the tasks: they are forks of the worker."""
        with suppress(psutil.NoSuchProcess):
            worker = psutil.Process(self.child(name).pid)
            command = worker.cmdline()
            return [process for process in worker.children() if process.cmdline() == command]
        return []

    def worker_of(self, child: psutil.Process) -> str:
        """Return the name of the worker that this child of a pool belongs to."""
        return next(name for name in BROWSERS if child in self.pool_children(name))

    def stopped(self) -> list[psutil.Process]:
        """Return the pools' children that are stopped (SIGSTOP)."""
        found = []
        for child in (child for name in BROWSERS for child in self.pool_children(name)):
            with suppress(psutil.NoSuchProcess):
                if child.status() == psutil.STATUS_STOPPED:
                    found.append(child)
        return found

    def list_orphans(self) -> list[str]:
        """Return, as sentences, the browsers without a living child of a pool."""
        owners = [child for name in BROWSERS for child in self.pool_children(name)]
        return browsers.list_orphans(self.data, owners)

    def wait_for(self, what: str, ask: Callable[[], T], *, seconds: float = 90) -> T:
        """Return the first true answer, supervising meanwhile. Fails with `what`."""
        deadline = time.perf_counter() + seconds
        while not (answer := ask()):
            assert time.perf_counter() < deadline, f"waited {seconds:.0f} s for {what}\n{self.describe()}"
            self.run_for(0.1)
        return answer

    def run_for(self, seconds: float) -> None:
        """Let time pass, supervising meanwhile."""
        deadline = time.perf_counter() + seconds
        while True:
            self.supervise()
            left = deadline - time.perf_counter()
            if left <= 0:
                return
            time.sleep(min(left, 0.1))

    def describe(self) -> str:
        """Describe every process, for a failure's text."""
        return "\n".join(f"{n}: alive={c.alive()} {c.tail(4)}" for n, c in self._children.items())

    # --- servers

    def restart_redis(self, *, keep: bool, down: float = 0) -> None:
        """SIGKILL Redis, wait, and start it on the same port, with its data or without."""
        child = self.redis.child
        assert child is not None
        child.send(signal.SIGKILL)
        child.wait(timedelta(seconds=5))
        self.table.forget(child)
        if not keep:
            shutil.rmtree(self.data / "redis")
        self.run_for(down)
        self.redis.start()

    def restart_postgres(self, how: signal.Signals) -> None:
        """Restart Postgres: SIGINT ends sessions and closes cleanly (fast), SIGQUIT crashes (immediate)."""
        child = self.postgres.child
        assert child is not None
        child.send(how)
        child.wait(timedelta(seconds=20))
        self.table.forget(child)
        self.postgres.start()

    def cut_postgres(self) -> int:
        """Terminate every Postgres session of the workers. Return how many."""
        with psycopg.connect(self.postgres.url, autocommit=True) as connection:
            ended = connection.execute(
                "select count(pg_terminate_backend(pid)) from pg_stat_activity "
                "where application_name like 'rapport %'"
            ).fetchone()
        assert ended is not None
        return int(ended[0])

    def run_redis_command(self, *command: str | int) -> object:
        """Run one Redis command and return the reply."""
        patience = Retry(NoBackoff(), 0)
        with redis.Redis.from_url(self.redis.url, retry=patience) as client:
            answer: object = client.execute_command(*command)
            return answer


@dataclass(frozen=True, slots=True)
class PortsOf:
    """The local ports of a process's connections, by which a proxy knows whose they are; new ones, too."""

    process: psutil.Process

    def __contains__(self, port: object) -> bool:
        return any(each.laddr.port == port for each in self.process.net_connections(kind="tcp"))
