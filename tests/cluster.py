"""The whole system as real processes for a test: pytest-celery's nodes around our own children.

pytest-celery asks its nodes for a container; any object with the same few methods will do, so these are
plain processes and no Docker is needed.
"""

import asyncio
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from pytest_celery import CeleryTestBroker, CeleryTestWorker

from api_stub.stack.environment import inherited_environment
from api_stub.stack.processes import Child, ProcessTable
from api_stub.stack.redis import Redis
from worker.settings import SECRET_FIELDS, variable_name

PATIENCE = timedelta(seconds=90)
T = TypeVar("T")


def wait_for(what: str, ask: Callable[[], T], *, patience: timedelta = PATIENCE) -> T:
    """Return the first true answer. Fails with `what` when it doesn't come."""
    deadline = time.perf_counter() + patience.total_seconds()
    while not (answer := ask()):
        assert time.perf_counter() < deadline, f"waited {patience} for {what}"
        time.sleep(0.1)
    return answer


def untraced() -> dict[str, str]:
    """The environment of a process that a test interrupts: what `rapport` reads, and no coverage.

    Coverage's tracer takes a lock. A KeyboardInterrupt that is raised in it leaves the lock taken, and the
    process would wait for it for ever.
    """
    return inherited_environment(also=[variable_name(name) for name in SECRET_FIELDS])


def run_apart(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine in a thread of its own: Playwright's loop may be open in this one, from other tests."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(work())).result()


class ProcessContainer:
    """What pytest-celery calls a container: one process that can be killed, restarted and read."""

    def __init__(self, name: str, start: Callable[[], Child], celeryconfig: dict[str, str]) -> None:
        self.name = self.id = name
        self.celeryconfig = celeryconfig
        self._start = start
        self.child = start()

    @property
    def status(self) -> str:
        return "running" if self.child.alive() else "exited"

    def ready(self) -> bool:
        return self.child.alive()

    def kill(self, signal: str | int = "SIGKILL") -> None:
        self.child.send(_signal_number(signal))

    def restart(self, timeout: float = 10) -> None:
        self.child.stop(timedelta(seconds=timeout))
        self.child = self._start()

    def reload(self) -> None:
        """Nothing is cached."""

    def logs(self) -> str:
        return self.child.log.read_text(errors="replace")

    def teardown(self) -> None:
        self.child.stop(timedelta(seconds=5))

    def worker_name(self) -> str:
        return self.name


def _signal_number(given: str | int) -> signal.Signals:
    return signal.Signals[given] if isinstance(given, str) else signal.Signals(given)


def broker_node(data_dir: Path) -> CeleryTestBroker:
    """A Redis of its own, which keeps its port and its data over a restart."""
    server = Redis(data_dir)

    def start() -> Child:
        server.start()
        assert server.child is not None
        return server.child

    container = ProcessContainer("redis", start, {})
    container.celeryconfig.update(url=server.url, host_url=server.url)
    return CeleryTestBroker(container)


def worker_node(
    table: ProcessTable, name: str, role: str, env: Mapping[str, str], app: Any
) -> CeleryTestWorker:
    """A worker as `rapport worker` runs it."""

    def start() -> Child:
        argv = [sys.executable, "-m", "api_stub.cli", "worker", role, "--name", name]
        return table.start(name, argv, env)

    return CeleryTestWorker(ProcessContainer(name, start, {}), app)
