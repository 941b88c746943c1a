"""`rapport demo` as a new user sees it, and `Ctrl-C` at any moment."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from api_stub.sandbox.state import State
from api_stub.stack.process_tree import MARK_VARIABLE
from db.engine import Database
from db.store.kill_switch import pull_kill_switch, release_kill_switch
from tests.cluster import untraced, wait_for
from tests.network import fill
from worker import clock


@pytest.fixture
def data() -> Iterator[Path]:
    """A data folder with a space in its name, removed at the end with the database of root."""
    with tempfile.TemporaryDirectory(prefix="rapport demo ") as folder:
        data = Path(folder) / "my data"
        yield data
        assert list_own_processes(data) == []
        shutil.rmtree((data / "postgres").resolve(), ignore_errors=True)


def list_own_processes(data: Path) -> list[str]:
    """Return every process that runs on this data folder, Chromium and Postgres among them."""
    found = []
    for process in psutil.process_iter():
        try:
            told = " ".join([*process.cmdline(), process.environ().get(MARK_VARIABLE, "")])
        except (psutil.NoSuchProcess, psutil.ZombieProcess, psutil.AccessDenied):
            continue
        if str(data) in told and process.pid != os.getpid():
            found.append(f"{process.pid} {told[:200]}")
    return found


HOLDS: dict[str, set[str]] = {
    "postgres": set(),
    "valkey-server": set(),
    "sandbox": {"sandbox_key"},
    "control": {"app_password", "redis_password"},
    "browser": {"app_password", "redis_password", "secret_key"},
    "beat": {"redis_password"},
    "api_stub.http": {"app_password", "redis_password", "api_key", "console_key"},
    "flower": {"redis_password", "flower_password"},
}
"""A word that tells a process by its arguments, and the secrets of secrets.json in its environment."""


def secrets_held(data: Path) -> dict[str, set[str]]:
    """Return which of the stack's secrets each kind of process can read in its environment."""
    secrets = json.loads((data / "secrets.json").read_text())
    held: dict[str, set[str]] = {}
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            words = [Path(word).name for word in process.cmdline()]
            values = " ".join(process.environ().values())
            if str(data) in values:
                for kind in HOLDS.keys() & set(words):
                    held.setdefault(kind, set()).update(name for name in secrets if secrets[name] in values)
    return held


def fill_network(data: Path, due: int) -> None:
    """Create the practice network of a data folder, with only so many people to greet."""
    data.mkdir()
    fill(data / "sandbox.sqlite3")
    today = clock.now().date()
    with closing(State(data / "sandbox.sqlite3", today=lambda: today, now=clock.now)) as state:
        week = [p.slug for p in state.friends() if today - p.latest_birthday(today) <= timedelta(days=7)]
        for slug in week[due:]:
            state.set_deleted(slug, deleted=True)


@contextmanager
def held_greetings(data: Path) -> Iterator[None]:
    """Hold the greetings of a running demo by the kill switch."""
    url = json.loads((data / "environment.json").read_text())["DATABASE_URL"]
    with closing(Database(url, application_name="tests")) as database:
        with database.transaction() as session:
            pull_kill_switch(session, by="tests")
        yield
        with database.transaction() as session:
            release_kill_switch(session)


def demo(data: Path, *options: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "api_stub.cli", "demo", "--data", str(data), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=untraced(),
        start_new_session=True,
    )


def finish(process: "subprocess.Popen[str]") -> str:
    said, _ = process.communicate(timeout=240)
    return said


@pytest.mark.parametrize("is_interrupted", [False, pytest.param(True, marks=pytest.mark.soak)])
def test_everybody_is_greeted_once_though_ctrl_c_interrupts_it(data: Path, is_interrupted: bool) -> None:
    fill_network(data, due=3)
    running = demo(data)
    wait_for("the first greeting", lambda: list(data.glob("evidence/*/*.png")))
    with held_greetings(data):  # else all might be done before the processes that start last
        wait_for("the processes that start last", lambda: secrets_held(data).keys() == HOLDS.keys())
        assert secrets_held(data) == HOLDS  # checked here, because starting everything takes seconds
    if is_interrupted:
        running.send_signal(signal.SIGINT)
        finish(running)
        assert running.returncode != 0
        assert list_own_processes(data) == []
        running = demo(data)
    said = finish(running)
    assert running.returncode == 0, said
    found = re.search(r"^(\d+) greetings, (\d+) in the ledger, (\d+) twice$", said, re.MULTILINE)
    assert found is not None, said
    assert tuple(map(int, found.groups())) == (3, 3, 0)
    assert ("signing it in" in said) is not is_interrupted  # the first run's session still holds
    told_root = "as root, the database's files are in /var/lib/rapport/postgres-" in said
    assert told_root is (os.geteuid() == 0 and not is_interrupted)
    assert re.search(r"^Now try:\n  rapport contacts show \S+ --data '.*/my data'", said, re.MULTILINE)
    assert list_own_processes(data) == []


@pytest.mark.parametrize(
    "moment",
    [
        "starting sandbox",
        pytest.param("starting Postgres", marks=pytest.mark.soak),
        pytest.param("signing it in", marks=pytest.mark.soak),
    ],
)
def test_ctrl_c_while_it_starts_leaves_nothing_behind(data: Path, moment: str) -> None:
    process = demo(data)
    assert process.stdout is not None
    for line in process.stdout:
        if moment in line:
            break
    process.send_signal(signal.SIGINT)
    finish(process)
    assert process.returncode != 0
    assert list_own_processes(data) == []


@pytest.mark.soak
def test_it_greets_everybody_once_and_again_only_new_people(data: Path) -> None:
    nobody = "Nobody new to greet: 12 people were greeted by earlier runs"
    for options, greeted, is_new in (((), 12, True), ((), 12, False), (("--again",), 24, True)):
        process = demo(data, *options)
        said = finish(process)
        assert process.returncode == 0, said
        assert f"{greeted} greetings, {greeted} in the ledger, 0 twice" in said
        assert (nobody in said, "screenshots: " in said) == (not is_new, is_new)
        assert "the day's" in said  # the limit, for which the thirteenth waits
        assert list_own_processes(data) == []
