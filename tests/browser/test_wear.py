"""A browser is closed by age, uses and memory, in a process that stays; killed processes leave no folders."""

import json
import os
import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from api_stub.stack.environment import inherited_environment
from worker.browser import wear
from worker.browser.temporary_folder import TemporaryFolder
from worker.browser.wear import BrowserLimits, Wear
from worker.errors import ConfigurationError

LIMITS = BrowserLimits(age=timedelta(hours=1), uses=50, memory_mb=300)

KILLED_AND_WORN = """
import json, os, signal, sys, tempfile
from pathlib import Path
import psutil
from worker import metrics
from worker.browser.chromium import find_chromium
from worker.browser.pool import BrowserPool
from worker.browser.wear import BrowserLimits

def left():
    return sorted(path.name.partition("-")[0] for path in Path(tempfile.gettempdir()).glob("**/playwright*"))

def browsers():
    return {child.pid for child in psutil.Process().children(recursive=True)}

for _ in range(2):
    child = os.fork()
    if child == 0:
        pool = BrowserPool(chromium=find_chromium())
        pool.page_for(1, None)
        for process in psutil.Process().children(recursive=True):
            process.kill()  # the driver too, as when a container is killed: it would still tidy up
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
after_kills = len(left())
pool = BrowserPool(chromium=find_chromium(), limits=BrowserLimits(uses=2))
pool.page_for(1, None)
first, in_use = browsers(), len(left())
pool.close_if_worn()
kept = browsers() == first
pool.close_if_worn()
gone, after_wear = not psutil.wait_procs(map(psutil.Process, browsers() & first), 10)[1], len(left())
pool.page_for(1, None).set_content("<h1>here</h1>")
again = bool(browsers() - first)
pool.close()
starts = [metrics.BROWSER_STARTS.labels(why)._value.get() for why in ("start", "recycled", "crashed")]
print(json.dumps([after_kills, in_use, kept, gone, after_wear, again, len(left()), starts]))
"""


def test_killed_browsers_leave_nothing_and_a_worn_one_is_replaced_in_its_process(
    tmp_path: Path,
) -> None:
    environment = {**inherited_environment(), "TMPDIR": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-c", KILLED_AND_WORN], env=environment, capture_output=True, text=True, check=True
    )
    left_by_killed, in_use, kept, gone, after_wear, again, at_the_end, starts = json.loads(run.stdout)
    assert left_by_killed == 2  # nobody has started since
    assert in_use == 2  # its own profile and artifacts; those of the two that were killed are deleted
    assert (kept, gone, after_wear) == (True, True, 0)
    assert (again, at_the_end) == (True, 0)
    assert starts == [1, 1, 0]


def in_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path / f"rapport-browsers-{os.geteuid()}"


def test_folders_of_the_living_stay_and_those_of_the_dead_are_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = in_tmp(tmp_path, monkeypatch)
    first, second = TemporaryFolder.acquire(), TemporaryFolder.acquire()
    (second.path / "profile").mkdir()
    for dead in ("5", "7"):
        (base / dead / "profile").mkdir(parents=True)
    third = TemporaryFolder.acquire()
    assert sorted(path.name for path in base.iterdir() if path.is_dir()) == ["0", "1", "2"]
    assert (second.path / "profile").exists()
    assert stat.S_IMODE(base.stat().st_mode) == 0o700
    first.delete()
    (base / "0").mkdir()
    (base / "0" / "old").touch()
    taken = TemporaryFolder.acquire()  # the lowest number is free again, and empty
    assert (taken.path, list(taken.path.iterdir())) == (base / "0", [])
    for each in (second, third, taken):
        each.delete()
    assert [path for path in base.iterdir() if path.is_dir()] == []


def test_a_folder_that_somebody_else_prepared_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = in_tmp(tmp_path, monkeypatch)
    precious = tmp_path / "precious"
    (precious / "0").mkdir(parents=True)
    base.symlink_to(precious)
    with pytest.raises(ConfigurationError, match="rapport-browsers"):
        TemporaryFolder.acquire()
    assert (precious / "0").exists()


@pytest.mark.parametrize(
    ("uses", "minutes", "memory_mb", "says"),
    [
        (49, 59, 299, None), (50, 1, 0, "served 50 tasks"), (1, 60, 0, "60 minutes old"),
        (20, 1, 300, "take 300 MB"), (21, 1, 300, None),
    ],
)  # fmt: skip
def test_a_browser_is_worn_by_age_uses_or_memory(
    uses: int, minutes: int, memory_mb: int, says: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wear, "measure_memory", lambda: memory_mb)
    monkeypatch.setattr("worker.clock.monotonic_seconds", lambda: 1000 + minutes * 60)
    found = Wear(started_at=1000, uses=uses - 1).add_use(LIMITS)
    assert found is None if says is None else found is not None and says in found


MEMORY_OF_A_CHILD = """
import subprocess, sys
from worker.browser.wear import measure_memory

holds = "x = bytearray(b'x' * 60_000_000); print(flush=True); input()"
before = measure_memory()
with subprocess.Popen([sys.executable, "-c", holds], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
    child.stdout.readline()
    print(measure_memory() - before)
    child.communicate(b"\\n")
"""


def test_the_memory_of_what_a_process_started_is_counted() -> None:
    # A process of its own: what other tests started in this one may end between the two readings.
    command = [sys.executable, "-c", MEMORY_OF_A_CHILD]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(run.stdout) >= 60
