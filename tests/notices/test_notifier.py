"""The notifier as a process: killed anywhere, it tells each event once or says that it may be twice."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from api_stub.stack.environment import settings_environment
from db.engine import Database
from tests.cluster import untraced, wait_for
from tests.notices.conftest import KEY, AddTarget
from tests.notices.receivers import Mailbox, Receiver
from tests.notices.test_deliveries import STOPPED, age_deliveries, happen, states
from worker.failpoint import NOTICE_FAILPOINTS
from worker.rules.notices.deliveries import DeliveryState

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Start]:
    """Starts a program with a notifier's settings; kills it at the end."""
    values = {
        "database_url": database_url,
        "redis_url": redis_url,
        "notice_keys": KEY,
        "fault_file": tmp_path / "fault",
        "notify_every": 0.1,
        "evidence_dir": tmp_path,
    }
    environment = {**untraced(), **settings_environment(values)}
    started: list[subprocess.Popen[str]] = []

    def make(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, env=environment, start_new_session=True,
        )  # fmt: skip
        started.append(process)
        return process

    yield make
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_killed_at_any_point_each_event_is_told_once_or_marked_as_maybe_twice(
    database: Database, add: AddTarget, receiver: Receiver, start: Start
) -> None:
    add(receiver.url, name="hook")
    program = start("tests.notices.notifier_program")
    assert program.stdin is not None
    assert program.stdout is not None
    lines = iter(program.stdout.readline, "")

    def run(fault: str) -> None:
        assert program.stdin is not None
        program.stdin.write(f"{fault}\n")
        program.stdin.flush()
        next(line for line in lines if "notifier_started" in line)

    def wait_for_end() -> str:
        return next(line for line in lines if line.startswith("ended")).strip()

    for point in NOTICE_FAILPOINTS:
        happen(database, STOPPED, point)
        run(f"{point} kill")
        assert wait_for_end() == f"ended {int(signal.SIGKILL)}"
        age_deliveries(database, "3 minutes")  # its lease expires
        run("")
        wait_for("it to be sent", lambda: states(database) == {"hook": {DeliveryState.SENT}})
        psutil.Process(program.pid).children()[0].terminate()
        assert wait_for_end() == "ended 0"
        age_deliveries(database, "3 minutes")
    told: dict[int, list[bool]] = {}
    ids: dict[int, set[str]] = {}
    for each in receiver.posted:
        body = json.loads(each.body)
        (event,) = body["events"]
        told.setdefault(event["id"], []).append(body["maybe_twice"])
        ids.setdefault(event["id"], set()).add(each.headers["webhook-id"])
    assert [told[event_id] for event_id in sorted(told)] == [[True], [False, True], [False]]
    assert all(len(each) == 1 for each in ids.values())  # so that a receiver can drop the second


def test_it_stops_at_sigterm_and_shows_no_url_anywhere(
    database: Database, add: AddTarget, receiver: Receiver, mailbox: Mailbox, start: Start
) -> None:
    add(receiver.url, name="hook")
    add(mailbox.url, name="mail")
    add("webhook+http://127.0.0.1:1/path-of-a-dead-one", name="dead")
    happen(database, STOPPED)
    process = start("api_stub.cli", "notifier")
    wait_for("two messages", lambda: receiver.posted and mailbox.mails)
    seen = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    arguments = " ".join(word for each in seen for word in each.cmdline())
    sent = {"hook": {DeliveryState.SENT}, "mail": {DeliveryState.SENT}, "dead": {DeliveryState.PENDING}}
    wait_for("both to be recorded", lambda: states(database) == sent)
    process.terminate()
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert {json.loads(line)["event"] for line in said.splitlines()} >= {
        "notifier_started", "notice_sent", "notice_not_sent", "notifier_stopped",
    }  # fmt: skip
    for secret in ("in-the-query", "ann@example.org", "path-of-a-dead-one", "127.0.0.1:", KEY):
        assert secret not in said + arguments
