import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from api_stub.stack.errors import AlreadyRunningError, ChildDiedError, StackError
from api_stub.stack.process_tree import MARK_VARIABLE, wait_for_exit
from api_stub.stack.servers.unprivileged import find_server_identity
from api_stub.stack.stack import Service, Stack
from tests.cluster import untraced
from worker.processes import Process

SCRIPT = Path(__file__).with_name("stack_program.py")
PROJECT = SCRIPT.parents[2]
SLEEPER = ("sleep", "600")


def list_own_processes(data_dir: Path) -> list[psutil.Process]:
    """Return running processes with the stack's variable, or with one of its folders as an argument."""
    folders = {str(data_dir), str((data_dir / "postgres").resolve())}
    found = []
    for process in psutil.process_iter():
        try:
            named = any(folder in argument for argument in process.cmdline() for folder in folders)
            marked = process.environ().get(MARK_VARIABLE) == str(data_dir)
            if (named or marked) and SCRIPT.name not in " ".join(process.cmdline()):
                found.append(process)
        except psutil.Error:
            continue
    return found


def play(data_dir: Path, open_folder: Path, what: str, **popen: object) -> subprocess.Popen[str]:
    return subprocess.Popen(  # type: ignore[call-overload,no-any-return]  # the options are the test's
        [sys.executable, SCRIPT, data_dir, open_folder / "var", what],
        stdout=subprocess.PIPE,
        text=True,
        cwd=PROJECT,
        env=untraced(),
        start_new_session=True,
        **popen,
    )


def wait_for_line(process: subprocess.Popen[str], wanted: str) -> None:
    assert process.stdout
    for line in process.stdout:
        if line.strip() == wanted:
            return
    pytest.fail(f"never said {wanted!r}")


def test_all_is_there_inside_the_block_and_gone_after(data_dir: Path) -> None:
    steps: list[str] = []
    migrated: list[str] = []
    with Stack(
        data_dir,
        durable=False,
        migrate=migrated.append,
        on_step=steps.append,
        settings={"log_format": "pretty"},
    ) as stack:
        assert migrated == [stack.owner_url]
        with psycopg.connect(stack.database_url) as connection:
            connection.execute("SELECT 1")
        with redis.Redis.from_url(stack.redis_url) as client:
            assert client.ping()
        script = "echo $DATABASE_URL $RAPPORT_LOG_FORMAT $OWN; sleep 600"
        first = Service("first", ("sh", "-c", script), process=Process.MIGRATE, env={"OWN": "yes"})
        stack.start(first, Service("second", SLEEPER))
        stack.check()
        assert set(stack.children) == {"postgres", "redis", "first", "second"}
        with pytest.raises(AlreadyRunningError):
            Stack(data_dir).__enter__()
        assert len(list_own_processes(data_dir)) >= 4
        while not stack.children["first"].tail():
            time.sleep(0.01)
        assert stack.children["first"].tail() == f"{stack.database_url} pretty yes"
    assert list_own_processes(data_dir) == []
    as_root = [step for step in steps if step.startswith("as root, the database's files are in ")]
    assert len(as_root) == (os.geteuid() == 0)
    assert [step for step in steps if step not in as_root] == [
        "starting Postgres", "starting Redis", "bringing the tables up to date", "starting first",
        "starting second", "stopping everything",
    ]  # fmt: skip


def test_a_dead_child_is_noticed_and_can_be_started_again(data_dir: Path) -> None:
    with Stack(data_dir, database_url="postgresql://given", redis_url="redis://given") as stack:
        assert set(stack.children) == set()
        assert stack.environment["DATABASE_URL"] == "postgresql://given"
        service = Service("worker", SLEEPER)
        stack.start(service)
        os.kill(stack.children["worker"].pid, signal.SIGKILL)
        assert not wait_for_exit([psutil.Process(stack.children["worker"].pid)], timedelta(seconds=5))
        with pytest.raises(ChildDiedError, match="worker ended unexpectedly"):
            stack.check()
        stack.stop("worker")
        stack.start(service)
        stack.check()
    assert list_own_processes(data_dir) == []


def test_a_start_that_fails_leaves_nothing(data_dir: Path) -> None:
    with (
        pytest.raises(ChildDiedError, match="no luck"),
        Stack(data_dir, database_url="postgresql://given", durable=False) as stack,
    ):
        stack.start(
            Service("good", SLEEPER),
            Service("bad", ("sh", "-c", "echo no luck; exit 1"), ready=lambda: False),
        )
    assert list_own_processes(data_dir) == []
    with pytest.raises(StackError, match="not started"):
        _ = Stack(data_dir).secrets


# From before the first process to all of them running; the first run also makes the cluster.
@pytest.mark.parametrize(
    ("numbers", "delays"),
    [
        ((signal.SIGINT, signal.SIGTERM), (0.05, 0.6, 0.3, 1.0)),
        *(
            pytest.param(2 * (number,), delays, marks=pytest.mark.soak)
            for number in (signal.SIGINT, signal.SIGTERM)
            for delays in ((0.0, 0.3, 0.7, 0.4), (0.05, 0.6, 0.2, 1.0))
        ),
    ],
)
def test_an_interrupt_at_any_moment_leaves_nothing(
    data_dir: Path, open_folder: Path, numbers: tuple[signal.Signals, ...], delays: tuple[float, ...]
) -> None:
    for number, delay_seconds in zip(numbers * 2, delays, strict=True):
        process = play(data_dir, open_folder, "stay")
        wait_for_line(process, "begin")
        time.sleep(delay_seconds)
        process.send_signal(number)
        time.sleep(0.02)
        process.send_signal(signal.SIGINT)  # the second Ctrl-C
        process.communicate(timeout=90)
        assert process.returncode in {130, -signal.SIGINT, -signal.SIGTERM}
        assert list_own_processes(data_dir) == [], f"after {delay_seconds} s"


def test_what_a_killed_stack_left_is_ended_by_the_next(data_dir: Path, open_folder: Path) -> None:
    with play(data_dir, open_folder, "stay") as killed:
        wait_for_line(killed, "ready")
        killed.kill()
    left = list_own_processes(data_dir)
    assert len(left) >= 5
    stray = [process for process in left if process.cmdline() == list(SLEEPER)]
    assert len(stray) >= 2  # of the process tree; the one that left its session may be about to start
    with play(data_dir, open_folder, "once") as next_one:
        output, _ = next_one.communicate(timeout=90)
    assert "processes that an earlier run had left" in output
    assert next_one.returncode == 0
    assert not wait_for_exit(left, timedelta(0))
    assert list_own_processes(data_dir) == []


@pytest.fixture
def home_of_nobody() -> Iterator[Path]:
    identity = find_server_identity()
    if identity.uid is None or identity.gid is None:
        pytest.skip("we are an ordinary user already")
    if not identity.can_run(Path(sys.executable)):
        pytest.skip("an ordinary user can't run this Python, which lies in root's home")
    home = Path(tempfile.mkdtemp(prefix="rapport home "))
    os.chown(home, identity.uid, identity.gid)
    yield home
    shutil.rmtree(home)


def test_an_ordinary_user_needs_nothing_else(home_of_nobody: Path, open_folder: Path) -> None:
    data_dir = home_of_nobody / "clone/.rapport"
    environment = {"PATH": os.defpath, "HOME": str(home_of_nobody)}
    with play(
        data_dir, open_folder, "once", env=environment, **find_server_identity().popen_arguments()
    ) as process:
        output, _ = process.communicate(timeout=90)
    assert process.returncode == 0, output
    assert not (data_dir / "postgres").is_symlink()
    assert list_own_processes(data_dir) == []
