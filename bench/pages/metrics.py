"""One scrape of a worker whose children were recycled for long, against one of a new worker.

`./run bench metrics` lets real children count, one after the other, then times `render_exposition`:
once with files named by slot, and once with the library's own, named by pid. `--quick` only shows that it
works.
"""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from api_stub.stack.environment import inherited_environment
from bench.command import Given, run_bench
from bench.report import Row
from worker import metrics
from worker.metrics.exposition import render_exposition

MONTH = 18_000
"""A control worker runs 21 ticks a minute and gets a new child after every 50 of them: 600 a day."""
CHILDREN = """
import os, sys
from worker.metrics.slots import Slots
if sys.argv[2] == "by pid":
    Slots.mine = lambda _: os.getpid()
from bench.pages.metrics import run_children
run_children(int(sys.argv[1]))
"""
TASKS = ("dispatch", "recover", "upkeep.schedules", "upkeep.expiry", "upkeep.replies", "birthday.greet")
VERBS = ("open", "read", "send", "look")


def run_children(children: int) -> None:
    """Fork children that count as a worker's would; each ends before the next begins."""
    for _ in range(children):
        pid = os.fork()
        if pid == 0:
            count_as_worker()
            os._exit(0)
        os.waitpid(pid, 0)


def count_as_worker() -> None:
    for name in TASKS:
        metrics.TASKS.labels(f"tasks.{name}", "success").inc()
    for verb in VERBS:
        metrics.SITE_VERB_SECONDS.labels("sandbox", verb, "ok").observe(0.2)
    for kind in ("greet", "visit", "collect"):
        metrics.QUOTA_DECISIONS.labels(kind, "granted").inc()


def time_scrape(folder: Path) -> float:
    began = time.perf_counter()
    render_exposition(folder)
    return time.perf_counter() - began


def compare_scrapes(folder: Path, naming: str, children: int, times: int) -> list[Row]:
    """Let a new and an old worker count, each in its own folder; then scrape both in turn."""
    new, old = folder / "new", folder / "old"
    for worker, number in ((new, 1), (old, children)):
        slots = worker / "slots"
        slots.mkdir(parents=True)
        environment = {**inherited_environment(), "PROMETHEUS_MULTIPROC_DIR": str(slots)}
        subprocess.run([sys.executable, "-c", CHILDREN, str(number), naming], env=environment, check=True)
    took = [(time_scrape(new), time_scrape(old)) for _ in range(times)]
    of_new, of_old = map(statistics.median, zip(*took, strict=True))
    beside = f"new worker, files {naming}"
    return [
        Row(beside, describe(new, of_new), beside, "1.0", ""),
        Row(
            f"its {children:,}th child, files {naming}",
            describe(old, of_old),
            beside,
            f"{of_old / of_new:.1f}",
            "1.0" if naming == "by slot" else "",
        ),
    ]


def describe(folder: Path, median: float) -> str:
    return f"{median * 1e3:.1f} ms, {len(list(folder.glob('slots/*.db'))):,} files"


def measure(given: Given) -> Iterator[Row]:
    """Compare a new and an old worker, with both ways to name the files."""
    children, times = given.pick(quick=20, usual=6_000, long=MONTH), given.pick(quick=3, usual=5)
    for naming in ("by slot", "by pid"):
        given.say(f"{children:,} children, files {naming}")
        # A scrape of a month's files by pid takes half a minute, so once is enough.
        scrapes = times if naming == "by slot" else 1
        yield from compare_scrapes(given.folder / naming, naming, children, scrapes)


if __name__ == "__main__":
    run_bench(__doc__, measure, long="a month's 18 000 children")
