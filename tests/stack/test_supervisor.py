"""Processes of a stack that end are started again, and everything stops where that is pointless."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import psycopg
import pytest
import redis

from api_stub.stack.errors import CrashLoopError, DataLostError
from api_stub.stack.process_tree import find_marked_processes
from api_stub.stack.stack import Service, Stack
from api_stub.stack.supervisor import RestartPolicy, Supervisor
from tests.cluster import wait_for
from worker.processes import Process

SLEEPER = ("sleep", "600")
SOON = RestartPolicy(first_delay=timedelta(milliseconds=1), retry_optional=timedelta(milliseconds=1))


def without_servers(data_dir: Path, steps: list[str] | None = None) -> Stack:
    on_step = (steps if steps is not None else []).append
    return Stack(data_dir, database_url="postgresql://given", redis_url="redis://given", on_step=on_step)


def kill(stack: Stack, name: str) -> None:
    """SIGKILL a process and wait until it has ended."""
    child = stack.children[name]
    os.kill(child.pid, signal.SIGKILL)
    wait_for(f"the end of {name}", lambda: not child.alive())


def has_lines(said: list[str], count: int) -> bool:
    return len(said) == count


def check_until(supervisor: Supervisor, reached: Callable[[], bool]) -> None:
    def check() -> bool:
        supervisor.check()
        return reached()

    wait_for("the supervisor", check)


def test_a_killed_process_is_started_again_and_the_others_are_left_alone(data_dir: Path) -> None:
    said: list[str] = []
    with without_servers(data_dir) as stack:
        stack.start(Service("flower", SLEEPER), Service("beat", SLEEPER))
        supervisor = Supervisor(stack, said.append, policy=SOON)
        beat = stack.children["beat"].pid
        for count in (1, 2):
            kill(stack, "flower")
            check_until(supervisor, partial(has_lines, said, count))
        assert said == [
            "flower ended (signal 9): started again, 1st time",
            "flower ended (signal 9): started again, 2nd time",
        ]
        assert stack.children["flower"].alive()
        assert stack.children["beat"].pid == beat
        shown = {each.name: (each.pid, each.restarts) for each in supervisor.list_processes()}
        assert shown == {"flower": (stack.children["flower"].pid, 2), "beat": (beat, 0)}


def test_a_killed_worker_s_browser_is_killed_before_the_restart(data_dir: Path) -> None:
    browser = (
        "import subprocess, time; subprocess.Popen(['sleep', '601'], start_new_session=True); time.sleep(600)"
    )

    def browsers() -> list[psutil.Process]:
        marked = find_marked_processes(str(data_dir), service="browser1")
        return [process for process in marked if process.cmdline() == ["sleep", "601"]]

    with without_servers(data_dir) as stack:
        stack.start(Service("browser1", (sys.executable, "-c", browser)))
        first = wait_for("the browser", browsers)
        kill(stack, "browser1")
        said: list[str] = []
        supervisor = Supervisor(stack, said.append)  # its first delay has not passed
        supervisor.check()
        assert (browsers(), said) == ([], [])
        check_until(supervisor, lambda: bool(said))
        assert wait_for("another browser", browsers) != first


def test_a_worker_that_was_shut_down_is_started_again_and_the_line_says_so(data_dir: Path) -> None:
    said: list[str] = []
    with without_servers(data_dir) as stack:
        stack.start(Service("browser1", ("sh", "-c", "read x < never || sleep 0.1"), Process.BROWSER_WORKER))
        supervisor = Supervisor(stack, said.append, policy=SOON)
        check_until(supervisor, lambda: bool(said))
    assert said[0] == "browser1 was shut down, perhaps from Flower: started again, 1st time"


def test_a_crash_loop_ends_with_the_log_to_read_and_without_json(data_dir: Path) -> None:
    said: list[str] = []
    event = json.dumps({"event": "no luck", "level": "error", "timestamp": "2026-11-28T09:00:00Z", "port": 5})

    def crash() -> None:
        with without_servers(data_dir, said) as stack:
            crashing = ("sh", "-c", f"sleep 0.1; echo '{event}'; exit 3")
            stack.start(Service("good", SLEEPER), Service("beat", crashing))
            check_until(Supervisor(stack, said.append, policy=SOON), lambda: False)

    with pytest.raises(CrashLoopError) as raised:
        crash()
    started = [line for line in said if "started again" in line]
    assert started[-1] == "beat ended (exit code 3): started again, 5th time"
    assert said[-1] == "stopping everything"
    lines = str(raised.value).splitlines()
    assert lines[0].startswith("beat ended 6 times in a row (the last time: exit code 3)")
    assert str(data_dir / "logs" / "beat.log") in lines[0]
    assert lines[1:] == ["2026-11-28 09:00:00Z error    no luck port=5"]
    assert not find_marked_processes(str(data_dir))


def test_the_stack_goes_on_without_what_it_does_not_need(data_dir: Path) -> None:
    said: list[str] = []
    with without_servers(data_dir) as stack:
        stack.start(Service("flower", ("sh", "-c", "sleep 0.1; exit 3"), essential=False))
        check_until(
            Supervisor(stack, said.append, policy=SOON),
            lambda: sum("Rapport continues without it" in line for line in said) > 1,
        )


def test_the_delay_doubles_up_to_its_cap_and_begins_anew_after_a_good_run(data_dir: Path) -> None:
    policy = RestartPolicy()
    delays = [policy.delay(count).total_seconds() for count in (1, 2, 3, 5, 7, 1000)]
    assert delays == [0.5, 1, 2, 8, 30, 30]
    said: list[str] = []
    with without_servers(data_dir) as stack:
        stack.start(Service("beat", ("sh", "-c", "sleep 0.1; exit 3")))
        at_once_stable = RestartPolicy(first_delay=timedelta(milliseconds=1), stable_after=timedelta(0))
        check_until(Supervisor(stack, said.append, policy=at_once_stable), lambda: len(said) > 7)


def test_a_killed_server_comes_back_on_its_port_and_services_wait_for_it(data_dir: Path) -> None:
    said: list[str] = []
    with Stack(data_dir, durable=False) as stack:
        with psycopg.connect(stack.owner_url) as connection:
            connection.execute("CREATE TABLE kept (id int)")
        stack.start(Service("beat", SLEEPER))
        supervisor = Supervisor(stack, said.append, policy=SOON)
        for name in ("beat", "postgres", "redis"):
            kill(stack, name)
        check_until(supervisor, lambda: len(said) == 3)
        assert said == [
            f"{n} ended (signal 9): started again, 1st time" for n in ("postgres", "redis", "beat")
        ]
        with psycopg.connect(stack.owner_url) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
        with redis.Redis.from_url(stack.redis_url) as client:
            assert client.ping()
        kill(stack, "postgres")
        (data_dir / "postgres" / "data").resolve().rename(data_dir / "elsewhere")
        with pytest.raises(DataLostError, match="the database's files are missing"):
            check_until(supervisor, lambda: False)
        assert len(said) == 3


def test_services_wait_for_a_server_that_cannot_be_started(data_dir: Path) -> None:
    said: list[str] = []
    with Stack(data_dir, database_url="postgresql://given") as stack:
        stack.start(Service("beat", SLEEPER))
        policy = RestartPolicy(first_delay=timedelta(milliseconds=1), most_in_a_row=3)
        supervisor = Supervisor(stack, said.append, policy=policy)
        for name in ("beat", "redis"):
            kill(stack, name)
        with socket.socket() as taker:
            taker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taker.bind(("127.0.0.1", urlsplit(stack.redis_url).port))
            taker.listen()
            with pytest.raises(CrashLoopError, match="another program is using port"):
                check_until(supervisor, lambda: False)
        assert not stack.children["beat"].alive()
    assert said == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_during_a_delay_stops_all_at_once(
    data_dir: Path, open_folder: Path, number: signal.Signals
) -> None:
    program = Path(__file__).with_name("stack_program.py")
    process = subprocess.Popen(
        [sys.executable, program, data_dir, open_folder / "var", "crash"], stdout=subprocess.PIPE, text=True,
        cwd=program.parents[2], start_new_session=True,
    )  # fmt: skip
    assert process.stdout
    for line in process.stdout:
        if "next try in 30 s" in line:
            break
    process.send_signal(number)
    rest, _ = process.communicate(timeout=90)
    assert (process.returncode, rest.splitlines()[-1]) == (130, "stopping everything")
    assert not find_marked_processes(str(data_dir))
