"""The whole system as real processes: nodes of pytest-celery without Docker.

pytest-celery expects a container for each node. Any object with the same few methods works, so these are
plain processes.
"""

import asyncio
import re
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import redis
from pytest_celery import CeleryTestBroker, CeleryTestWorker

from api_stub.stack.environment import inherited_environment
from api_stub.stack.processes import Child, ProcessTable
from api_stub.stack.servers.redis import Redis
from worker.settings import SECRET_FIELDS, variable_name

_PASSWORD = "of-the-broker"
PATIENCE = timedelta(minutes=4)
"""Long, because starting a program takes a minute where ten others run on a core."""
T = TypeVar("T")


def wait_for(what: str, ask: Callable[[], T], *, patience: timedelta = PATIENCE) -> T:
    """Return the first true answer. Fails with `what` after `patience`.

    A question that takes long is asked less often, so that the asking takes little of the processor.
    """
    deadline = time.perf_counter() + patience.total_seconds()
    while True:
        asked_at = time.perf_counter()
        if answer := ask():
            return answer
        now = time.perf_counter()
        assert now < deadline, f"waited {patience} for {what}"
        time.sleep(min(max(0.1, 4 * (now - asked_at)), 1))


def untraced() -> dict[str, str]:
    """Return the environment of a process that a test starts: nothing measures it, and it has our secrets."""
    return inherited_environment(also=[variable_name(name) for name in SECRET_FIELDS])


def run_apart(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine in its own thread: other tests may have left Playwright's loop open in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(work())).result()


class ProcessContainer:
    """A process in the role of pytest-celery's container: it can be killed and restarted and has a log."""

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
        """Do nothing: nothing is cached."""

    def logs(self) -> str:
        return self.child.log.read_text(errors="replace")

    def teardown(self) -> None:
        self.child.stop(timedelta(seconds=5))

    def worker_name(self) -> str:
        return self.name


def _signal_number(given: str | int) -> signal.Signals:
    return signal.Signals[given] if isinstance(given, str) else signal.Signals(given)


def broker_node(data_dir: Path) -> CeleryTestBroker:
    """Return a Redis that keeps its port and its data across a restart.

    Its clients have the access list of docs/deployment.md; the default user's address is `admin_url`.
    """
    server = Redis(data_dir)

    def start() -> Child:
        server.start()
        with redis.Redis.from_url(server.url) as admin:
            admin.execute_command("ACL", "SETUSER", "rapport", "on", f">{_PASSWORD}", *documented_rights())
        assert server.child is not None
        return server.child

    container = ProcessContainer("redis", start, {})
    url = f"redis://rapport:{_PASSWORD}@{server.url.rpartition('@')[2]}"
    container.celeryconfig.update(url=url, host_url=url, admin_url=server.url)
    return CeleryTestBroker(container)


def documented_rights() -> list[str]:
    """Return the access list of docs/deployment.md, without the user's name and password."""
    page = (Path(__file__).parents[1] / "docs" / "deployment.md").read_text()
    found = re.search(r"^user rapport on >PASSWORD (.*?)\n```", page, re.DOTALL | re.MULTILINE)
    assert found
    return found[1].split()


def worker_node(
    table: ProcessTable, name: str, role: str, env: Mapping[str, str], app: Any
) -> CeleryTestWorker:
    """Return a worker as `rapport worker` runs it."""

    def start() -> Child:
        argv = [sys.executable, "-m", "api_stub.cli", "worker", role, "--name", name]
        return table.start(name, argv, env)

    return CeleryTestWorker(ProcessContainer(name, start, {}), app)
