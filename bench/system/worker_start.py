"""The start of a worker, of its child and of its browser; and a browser recycled against a child restarted.

A worker is ready when it takes messages and its child runs. Imports are counted by Python's `-X importtime`
in a run of their own. The tasks only open a page: in a warm browser, after the browser was closed as a worn
one is, and after the child has ended, so that the worker forks another.
"""

import json
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import IO, Any, Final

from celery import Celery

from bench.actions.action_races import Bench, Size
from bench.command import Given, run_bench
from bench.report import Row
from bench.start import read_processor_time
from bench.system.timed_worker import OPEN_PAGE
from worker import clock

_QUEUE: Final = "birthday"
_IMPORT = re.compile(r"import time:\s+(?P<self_us>\d+) \|")
_SECRET: Final = "RAPPORT_SECRET_KEYS"
"""Only browser workers have it: a control worker would start again without it."""


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds from the start of a process to its readiness, of processor, and from its child's fork."""

    ready_s: float
    processor_s: float
    child_s: float
    modules: int


class TimedWorker:
    """A worker that says what happens."""

    def __init__(self, process: subprocess.Popen[str], began: float) -> None:
        assert process.stdout is not None
        self._lines: IO[str] = process.stdout
        self._process = process
        self._began = began

    def read(self, *wanted: str) -> Sequence[Mapping[str, Any]]:
        """Wait until each of these has happened; return them in the order that they were asked for."""
        found: dict[str, Mapping[str, Any]] = {}
        while not found.keys() >= set(wanted):
            line = self._lines.readline()
            if not line:
                raise RuntimeError(f"the worker ended before it was {', '.join(wanted)}")
            if line.startswith("{"):
                said = json.loads(line)
                found.setdefault(said.get("what", ""), said)
        return [found[what] for what in wanted]

    def wait_until_ready(self) -> Start:
        """Wait until it takes messages and its child runs."""
        ready, forked, child = self.read("ready", "forked", "child")
        spent = read_processor_time(self._process.pid).total_seconds()
        at = max(ready["at"], child["at"]) - self._began
        return Start(at, spent, child["at"] - forked["at"], ready["modules"])


class WorkerBench(Bench):
    """The servers, and workers that say what happens."""

    @contextmanager
    def run_worker(
        self, role: str, *, end_children: bool = False, errors: IO[str] | None = None
    ) -> Iterator[TimedWorker]:
        """Start a worker; stop it on exit. With `errors`, it writes there what it imports."""
        words = [*(["-X", "importtime"] if errors else []), "-m", "bench.system.timed_worker", role]
        env = dict(self.environment(self.postgres.url, self.redis.url))
        if role == "control":
            env.pop(_SECRET)
        began = clock.monotonic_seconds()
        env["PYTHONWARNINGS"] = "ignore"  # that a worker should not run as root
        with subprocess.Popen(
            [sys.executable, *words, *(["ends"] if end_children else [])],
            env=env, stdout=subprocess.PIPE, stderr=errors, text=True,
        ) as process:  # fmt: skip
            try:
                yield TimedWorker(process, began)
            finally:
                process.terminate()
                process.communicate()

    def send(self, times: int, *, recycle: bool) -> None:
        """Send tasks that open a page."""
        with Celery(broker=self.redis.url) as client:
            for _ in range(times):
                client.send_task(
                    OPEN_PAGE, kwargs={"recycle": recycle}, queue=_QUEUE, exchange=_QUEUE, routing_key=_QUEUE
                )


def measure(given: Given) -> Iterator[Row]:
    """Run everything, and yield a row for each figure."""
    bench, times = WorkerBench(given.folder, Size(0, 0, 0)), given.pick(quick=1, usual=3)
    with bench.run_servers():
        python_s = statistics.median(_time_python() for _ in range(times))
        yield Row("Python alone, to its end", _ms(python_s), "", "", "")
        for role in ("browser", "control"):
            given.say(f"the start of a {role} worker")
            yield from measure_start(bench, given, role, times)
        given.say("the first page")
        yield from measure_first_page(bench, times)
        given.say("the next pages")
        yield from measure_next_pages(bench, given.pick(quick=3, usual=12))


def measure_start(bench: WorkerBench, given: Given, role: str, times: int) -> Iterator[Row]:
    """Yield when a worker is ready, how much of that are imports, and how long its child takes."""
    starts = []
    for _ in range(times):
        with bench.run_worker(role) as worker:
            starts.append(worker.wait_until_ready())
    with (given.folder / "imports").open("w+") as errors, bench.run_worker(role, errors=errors) as worker:
        slow = worker.wait_until_ready()
        errors.seek(0)
        imports_s = sum(int(found["self_us"]) for found in _IMPORT.finditer(errors.read())) / 1e6
    ready_s = statistics.median(each.ready_s for each in starts)
    processor_s = statistics.median(each.processor_s for each in starts)
    child_s = statistics.median(each.child_s for each in starts)
    what = f"a {role} worker, to its first message"
    yield Row(what, f"{ready_s:.2f} s, {processor_s:.2f} s of processor", "", "", "")
    share = f"{imports_s / slow.ready_s:.2f}"
    yield Row("of that, imports", f"{imports_s:.2f} s, {slow.modules:,} modules", what, share, "")
    yield Row(f"its child, from the fork until it is ready: {role}", _ms(child_s), "", "", "")


def measure_first_page(bench: WorkerBench, times: int) -> Iterator[Row]:
    """Yield how long the first task waits for its page, and what it still imports."""
    took, imported = [], set[str]()
    for _ in range(times):
        with bench.run_worker("browser") as worker:
            worker.wait_until_ready()
            bench.send(1, recycle=False)
            begun, page = worker.read("begun", "page")
            took.append(page["at"] - begun["at"])
            imported.update(page["imported"])
    yield Row("a cold start of Chromium, to its first page", _ms(statistics.median(took)), "", "", "")
    named = f": {', '.join(sorted(imported))}" if imported else ""
    yield Row("modules that a child imports until then", f"{len(imported)}{named}", "", "", "0")


def measure_next_pages(bench: WorkerBench, times: int) -> Iterator[Row]:
    """Yield how long it takes from one task's page to the next one's, in each of the three ways."""
    ways = {
        "the next page in a warm browser": (False, False),
        "the next page, its browser recycled": (True, False),
        "the next page, its child restarted": (False, True),
    }
    took = {}
    for name, (recycle, end_children) in ways.items():
        with bench.run_worker("browser", end_children=end_children) as worker:
            worker.wait_until_ready()
            bench.send(times, recycle=recycle)
            at = [worker.read("page")[0]["at"] for _ in range(times)]
            took[name] = statistics.median(later - sooner for sooner, later in pairwise(at))
    recycled_s = took["the next page, its browser recycled"]
    for name, seconds in took.items():
        yield Row(name, _ms(seconds), "its browser recycled", f"{seconds / recycled_s:.2f}", "")


def _time_python() -> float:
    began = clock.monotonic_seconds()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return clock.monotonic_seconds() - began


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.0f} ms"


if __name__ == "__main__":
    run_bench(__doc__, measure)
