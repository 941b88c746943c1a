"""Metric files outlive their process: no count is lost or doubled, and files don't accumulate."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client import Gauge
from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from api_stub.cli.stack import processes as commands
from worker.metrics import living, processes
from worker.metrics.exposition import render_exposition
from worker.settings import Settings

CHILDREN = """
import itertools, os, random, signal, sys
from worker import metrics

def kill_soon():
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # ends the process wherever it is, as SIGKILL does
    signal.setitimer(signal.ITIMER_REAL, random.uniform(0.0001, 0.006))

def count_until_killed(number):
    if number % 2:
        kill_soon()  # it may end while it opens its files
    for turn in itertools.count():
        if turn == 1 and not number % 2:
            kill_soon()
        metrics.REPLIES.inc()
        metrics.SITE_VERB_SECONDS.labels("sandbox", "send", "ok").observe(1)
        os.write(1, b".")

for number in range(int(sys.argv[1])):
    pid = os.fork()
    if pid == 0:
        count_until_killed(number)
    assert os.WTERMSIG(os.waitpid(pid, 0)[1]) == signal.SIGALRM
"""
"""A worker that recycles its children: each writes a dot when it has counted, and is killed at any moment."""

COUNT = """
import sys
from worker import metrics
metrics.REPLIES.inc()
print("counted", flush=True)
sys.stdin.read()
"""
MEASURE = """
import sys
from worker.metrics.living import PROCESS_MEMORY
PROCESS_MEMORY.labels("browser").set(float(sys.argv[1]))
print("measured", flush=True)
sys.stdin.read()
"""
MEMORY = "rapport_process_memory_bytes"
REPLIES = "rapport_replies_total"
SENDS = "rapport_site_verb_seconds_count"
ERRORS = "linkedin_errors"
"""Always exposed, with every type at 0."""
DAMAGED = "rapport_metric_files_damaged"


def start(slots: Path, script: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(slots)},  # noqa: TID251 -- a child needs ours
    )


def counted(root: Path) -> dict[str, float]:
    """Return every sample of one scrape by its name."""
    families = text_string_to_metric_families(render_exposition(root).decode())
    return {
        sample.name: sample.value for family in families for sample in family.samples if family.name != ERRORS
    }


@pytest.fixture
def slots(tmp_path: Path) -> Path:
    """The slots below `tmp_path`, one of them with a reply counted by a process that has ended."""
    folder = tmp_path / "slots"
    start(folder, COUNT).communicate()
    assert counted(tmp_path)[REPLIES] == 1
    return folder


def test_killed_children_lose_and_double_no_count_and_no_scrape_sees_one_fall(tmp_path: Path) -> None:
    children = 40
    workers = [start(tmp_path / "slots", CHILDREN, str(children)) for _ in range(3)]
    seen: dict[str, float] = {}
    while any(worker.poll() is None for worker in workers):
        now = counted(tmp_path)
        assert all(now[name] >= value for name, value in seen.items()), (seen, now)
        seen = now
    assert [worker.returncode for worker in workers] == [0, 0, 0]
    said = sum(len(worker.communicate()[0]) for worker in workers)
    found = counted(tmp_path)
    assert said <= found[SENDS] <= found[REPLIES] <= said + 3 * children  # a kill may come before the dot
    assert said >= 3 * children / 2  # every other child counted before it could be killed
    assert len(list(tmp_path.glob("slots/*.lock"))) <= 3 * 2  # a worker and a child, three times
    assert len(list(tmp_path.glob("slots/*.db"))) <= 3 * 2 * 2


def test_a_process_goes_on_in_the_files_of_a_dead_one_and_never_of_a_living_one(slots: Path) -> None:
    root = slots.parent
    files = sorted(slots.iterdir())
    living = start(slots, COUNT)
    assert living.stdout is not None
    assert living.stdout.readline() == "counted\n"
    assert sorted(slots.iterdir()) == files
    start(slots, COUNT).communicate()
    assert len(list(slots.glob("*.lock"))) == 2
    assert counted(root)[REPLIES] == 3
    living.communicate()


def test_a_file_that_was_only_just_created_is_no_trouble(slots: Path) -> None:
    (slots / "counter_1.db").touch()
    assert counted(slots.parent)[REPLIES] == 1
    (slots / "counter_2.db").write_bytes(bytes(1 << 16))
    assert counted(slots.parent)[REPLIES] == 1


@pytest.mark.parametrize("used", [100, 1 << 20])
def test_a_damaged_file_stops_no_scrape_and_no_process_and_is_told(slots: Path, used: int) -> None:
    """After a power failure a file may have its length or first page, but not the rest."""
    (damaged,) = slots.glob("counter_*.db")
    damaged.write_bytes(used.to_bytes(4, sys.byteorder) + bytes(4092))
    with capture_logs() as lines:
        assert counted(slots.parent) == {DAMAGED: 1}
        start(slots, COUNT).communicate()
        assert counted(slots.parent)[REPLIES] == 1
        assert counted(slots.parent)[DAMAGED] == 1
    assert [line["path"] for line in lines] == [str(damaged)]  # once


def test_metrics_of_another_version_are_shown_beside_todays(slots: Path) -> None:
    name = REPLIES.removesuffix("_total")
    for file, key in (
        ("counter_1.db", mmap_key("gone_long_ago", "gone_long_ago_total", ["by"], ["whom"], "Help.")),
        ("counter_2.db", mmap_key(name, REPLIES, [], [], "Another help.")),
        ("gauge_all_3.db", mmap_key(name, "rapport_replies", ["account"], ["1"], "Another type.")),
    ):
        values = MmapedDict(str(slots / file))  # type: ignore[no-untyped-call]  # untyped there, as below
        values.write_value(key, 5, 0)  # type: ignore[no-untyped-call]
        values.close()  # type: ignore[no-untyped-call]
    found = counted(slots.parent)
    assert found["gone_long_ago_total"] == 5
    assert found[REPLIES] == 6


def test_a_gauge_counts_while_its_process_lives_and_its_successor_starts_at_nothing(slots: Path) -> None:
    root = slots.parent
    first, second = start(slots, MEASURE, "5"), start(slots, MEASURE, "7")
    for process in (first, second):
        assert process.stdout is not None
        assert process.stdout.readline() == "measured\n"
    assert counted(root)[MEMORY] == 12
    first.send_signal(signal.SIGKILL)
    first.communicate()
    assert counted(root)[MEMORY] == 7
    successor = start(slots, COUNT)
    assert successor.stdout is not None
    assert successor.stdout.readline() == "counted\n"
    assert counted(root)[MEMORY] == 7
    for process in (second, successor):
        process.communicate()
    assert MEMORY not in counted(root)


def test_every_gauge_of_a_process_is_one_of_the_living() -> None:
    gauges = [
        each for module in (processes, living) for each in vars(module).values() if isinstance(each, Gauge)
    ]
    assert gauges
    assert {each._multiprocess_mode for each in gauges} == {"livesum"}  # the library shows it nowhere else


def test_the_gauges_that_an_earlier_version_kept_are_not_shown(slots: Path) -> None:
    values = MmapedDict(str(slots / "gauge_mostrecent_1.db"))  # type: ignore[no-untyped-call]  # untyped there
    values.write_value(mmap_key("left", "left", ["period"], ["day"], "Left."), 7, 1)  # type: ignore[no-untyped-call]  # untyped there
    values.close()  # type: ignore[no-untyped-call]  # untyped there
    assert "left" not in counted(slots.parent)


def become(what: Callable[[], None], environment: pytest.MonkeyPatch, root: Path) -> str | None:
    """Start a process of ours, without becoming its program. Returns where the library will keep metrics."""
    environment.setenv("RAPPORT_METRICS_DIR", str(root))
    environment.setenv("RAPPORT_FLOWER_AUTH", "rapport:a-flower-password")
    for given in ("FLOWER_BASIC_AUTH", "PROMETHEUS_MULTIPROC_DIR"):
        environment.setenv(given, "")  # to be restored after what the process sets
        environment.delenv(given)
    environment.setattr(os, "execv", lambda *_: None)
    environment.setattr("worker.app.run_beat", lambda: None)
    environment.setattr(commands, "get_settings", Settings)
    what()
    return os.environ.get("PROMETHEUS_MULTIPROC_DIR")  # noqa: TID251 -- as the library will read it


def test_a_start_keeps_what_was_counted_and_removes_an_earlier_versions_files(
    slots: Path, environment: pytest.MonkeyPatch
) -> None:
    root = slots.parent
    for left in ("control-1/counter_4711.db", "control-1/gauge_mostrecent_4712.db", "control-1/notes_1.db"):
        (root / left).parent.mkdir(exist_ok=True)
        (root / left).touch()
    for what in (commands.api, commands.metrics, commands.beat):
        assert become(what, environment, root) == str(slots)
        assert [path.name for path in root.glob("control-1/*")] == ["notes_1.db"]
        assert counted(root)[REPLIES] == 1


def test_flower_keeps_to_itself_what_it_counts_by_workers_name(
    tmp_path: Path, environment: pytest.MonkeyPatch
) -> None:
    assert become(commands.flower, environment, tmp_path) is None
