"""Gauges are those of living processes, and no scrape fails or costs a file while processes come and go."""

import fcntl
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.cluster import untraced
from worker.metrics import living
from worker.metrics.exposition import render_exposition
from worker.metrics.slots import Slots

CHILDREN = """
import os, signal
from worker.metrics.living import PROCESS_MEMORY
for _ in range(40):
    pid = os.fork()
    if pid == 0:
        PROCESS_MEMORY.labels("browser").set(5)
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(pid, 0)
"""
FORKS_BESIDE_A_THREAD = """
import os, signal, threading
from worker import metrics
from worker.metrics import living
living.read_memory = lambda: living.Memory(own=1, browsers=2, browser_processes=3)
def measure():
    while True:
        living.measure_memory()
threading.Thread(target=measure, daemon=True).start()
for _ in range(60):
    pid = os.fork()
    if pid == 0:
        signal.alarm(10)
        metrics.REPLIES.inc()
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0, "a child waits for ever for a lock that a thread of its parent held"
print("counted", flush=True)
os._exit(0)
"""
MEMORY = "rapport_process_memory_bytes"


def start(root: Path, script: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", script],
        stdout=subprocess.PIPE,
        text=True,
        env={**untraced(), "PROMETHEUS_MULTIPROC_DIR": str(root / "slots")},
    )


def memory(root: Path) -> list[float]:
    families = text_string_to_metric_families(render_exposition(root).decode())
    return [sample.value for family in families for sample in family.samples if sample.name == MEMORY]


def test_scrapes_succeed_and_cost_no_slot_while_children_with_gauges_are_killed(tmp_path: Path) -> None:
    workers = [start(tmp_path, CHILDREN) for _ in range(3)]
    while any(worker.poll() is None for worker in workers):
        assert sum(memory(tmp_path)) <= 3 * 5  # one child of each worker lives at a time
    for worker in workers:
        worker.communicate()
        assert worker.returncode == 0
    assert memory(tmp_path) == []
    assert len(list(tmp_path.glob("slots/*.lock"))) <= 3 * 2


def test_children_count_that_are_forked_while_a_thread_measures(tmp_path: Path) -> None:
    worker = start(tmp_path, FORKS_BESIDE_A_THREAD)
    assert worker.communicate()[0] == "counted\n"


def test_a_slot_that_only_a_scrape_looks_at_is_taken_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flock = fcntl.flock
    with (tmp_path / "0.lock").open("wb") as scraped:
        flock(scraped, fcntl.LOCK_SH)

        def flock_until_refused(file: BinaryIO, how: int) -> None:
            try:
                flock(file, how)
            except BlockingIOError:
                flock(scraped, fcntl.LOCK_UN)  # the scrape has looked
                raise

        monkeypatch.setattr(fcntl, "flock", flock_until_refused)
        slots = Slots(tmp_path)
        assert slots.acquire() == 0
    assert slots._lock is not None
    slots._lock.close()


def test_a_system_that_tells_no_memory_ends_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise psutil.AccessDenied(1)

    monkeypatch.setattr(living, "read_memory", refuse)
    living.measure_memory()
