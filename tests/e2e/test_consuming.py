"""A worker that answers pings but takes no messages is reported everywhere, and restarts itself."""

import json
import runpy
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from celery import Celery

from api_stub.checks.finding import Finding
from api_stub.cli.stack import doctor, running
from api_stub.http.app import create_app
from api_stub.stack.processes import Child
from tests.builders import an_account
from tests.cli.conftest import Rapport
from tests.cluster import wait_for
from tests.e2e.conftest import API_KEY, World, world_broker
from tests.http.conftest import TestClient
from worker import queues
from worker.metrics.exposition import render_exposition
from worker.settings import get_settings

HEALTH = Path(__file__).parents[2] / "ops" / "health.py"
HOST = socket.gethostname()
BROWSER = f"browser-{HOST}@{HOST}"
"""As its container would name it."""

Told = Callable[[str], list[dict[str, object]]]


@pytest.fixture(scope="module")
def outsider(world: World) -> Iterator[Celery]:
    """A client that knows only the broker."""
    with Celery(
        "outsider", broker=world.settings.required("redis_url").get_secret_value(), set_as_current=False
    ) as app:
        yield app


@pytest.fixture(scope="module")
def worker(world: World) -> Iterator[Child]:
    """A worker of all queues that can be frozen. It has to survive every test."""
    folder = world.data / "metrics" / "browser"
    folder.mkdir(parents=True)
    env = {**world.env, "PROMETHEUS_MULTIPROC_DIR": str(folder)}
    program = [sys.executable, "-m", "tests.e2e.hasty", f"browser-{HOST}", str(full_machine(world))]
    child = world.table.start("browser", program, env)
    wait_for("it to consume", lambda: BROWSER in look(world).consumers)
    wait_for("its signal handlers", lambda: " ready." in child.log.read_text())
    yield child
    child.stop(timedelta(seconds=5))


@pytest.fixture
def read_log_lines(worker: Child) -> Told:
    """Returns the lines of an event in the worker's log since the test began."""
    before = len(worker.log.read_text(errors="replace"))

    def lines(event: str) -> list[dict[str, object]]:
        said = worker.log.read_text(errors="replace")[before:].splitlines()
        parsed = (json.loads(line) for line in said if line.startswith("{"))
        return [line for line in parsed if line["event"] == event]

    return lines


def look(world: World) -> queues.QueueSnapshot:
    return queues.take_snapshot_at(world.settings.redis)


def full_machine(world: World) -> Path:
    """Return the file that says that there is no memory for children."""
    return world.data / "full"


def send(app: Celery, task: str, path: Path | None = None) -> None:
    app.send_task(task, kwargs={"path": str(path)} if path else {}, queue="birthday")


def pool(child: Child) -> set[int]:
    return {process.pid for process in psutil.Process(child.pid).children()}


def freezes(world: World) -> float:
    shown = render_exposition(world.settings.metrics_dir).decode().splitlines()
    found = [line for line in shown if line.startswith('rapport_worker_freezes_total{queue="birthday"}')]
    return float(found[0].split()[-1]) if found else 0.0


@pytest.fixture
def rapport(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Rapport]:
    """Run a `rapport` command with the shared settings."""
    for name, value in world.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("COLUMNS", "200")
    get_settings.cache_clear()
    yield Rapport(capsys, monkeypatch)
    get_settings.cache_clear()


class Reports:
    """Whatever tells a person whether the worker takes messages."""

    def __init__(self, world: World, front: TestClient, rapport: Rapport) -> None:
        self._world, self._front, self._rapport = world, front, rapport
        self._check_container = runpy.run_path(str(HEALTH))["check_worker"]

    def ready(self) -> str:
        """Return what /ready says of workers."""
        answer = self._front.get("/ready", headers={"X-API-Key": API_KEY})
        check = answer.json()["checks"]["workers"]
        assert (answer.status_code == 200) == check["ok"], answer.text
        return str(check["detail"])

    def why(self) -> str:
        return " ".join(self._rapport("why", "demo").split())

    def doctor(self) -> Finding:
        (finding,) = (each for each in doctor._check_servers(self._world.data) if each.what == "workers")
        return finding

    def status(self) -> Sequence[str] | None:
        """Return the queues that `rapport status` says nobody consumes."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(running, "read_environment", lambda _data: self._world.env)
            return running._list_unconsumed_queues(self._world.data)

    def container(self) -> str | None:
        """Return what the health check of the worker's container finds."""
        found: str | None = self._check_container("browser")
        return found


@pytest.fixture
def reports(world: World, clean: None, rapport: Rapport) -> Iterator[Reports]:
    with world.database.transaction() as session:
        an_account(session)
    with TestClient(create_app(world.settings)) as front:
        yield Reports(world, front, rapport)


def test_a_queue_whose_consumer_was_cancelled_is_named_everywhere_until_it_is_consumed_again(
    world: World, outsider: Celery, worker: Child, reports: Reports, read_log_lines: Told
) -> None:
    assert f"birthday: 0 waiting, taken by {BROWSER}" in reports.ready()
    assert reports.container() is None
    assert reports.status() == []
    assert "workers pass birthday: 0 waiting" in reports.why()

    outsider.control.cancel_consumer("birthday", destination=[BROWSER])
    wait_for("ready to say so", lambda: "nobody takes messages of: birthday (" in reports.ready())
    send(outsider, "tests.done")
    assert reports.container() == f"{BROWSER} takes no messages of: birthday"
    assert reports.status() == ["birthday"]
    assert "workers stop nobody takes messages of: birthday (birthday has 1 waiting" in reports.why()
    finding = reports.doctor()
    assert not finding.ok
    assert "nobody takes messages of: birthday" in finding.detail
    assert BROWSER in [name for each in outsider.control.ping(timeout=10) for name in each]

    outsider.control.add_consumer("birthday", destination=[BROWSER])
    wait_for("ready to say so", lambda: "birthday: 0 waiting, taken by" in reports.ready())
    assert reports.container() is None
    assert all(f.ok for f in doctor._check_servers(world.data))
    assert read_log_lines("worker_not_consuming") == []  # a person did it, and can undo it


@pytest.mark.soak
def test_a_worker_whose_children_die_at_their_start_is_named_everywhere_until_one_lives(
    world: World, outsider: Celery, worker: Child, reports: Reports, *, tmp_path: Path
) -> None:
    everything = ", ".join(queues.ALL_QUEUES)
    full_machine(world).touch()
    for pid in pool(worker):
        psutil.Process(pid).kill()
    wait_for("ready to say so", lambda: f"nobody takes messages of: {everything} (" in reports.ready())
    assert worker.alive()
    assert reports.container() == f"{BROWSER} takes no messages of: {', '.join(queues.BROWSER_QUEUES)}"
    assert reports.status() == list(queues.ALL_QUEUES)
    assert "workers stop nobody takes messages of: birthday, control (" in reports.why()
    finding = reports.doctor()
    assert not finding.ok
    assert everything in finding.detail

    full_machine(world).unlink()
    wait_for("ready to say so", lambda: "birthday: 0 waiting, taken by" in reports.ready())
    send(outsider, "tests.done", tmp_path / "done")
    wait_for("the message", (tmp_path / "done").exists)


def test_a_frozen_worker_says_so_restarts_itself_and_does_what_waits(
    world: World, outsider: Celery, worker: Child, read_log_lines: Told, tmp_path: Path
) -> None:
    before, counted = pool(worker), freezes(world)
    outsider.send_task(
        "tests.done", queue="birthday", countdown=3600
    )  # taken as well, and waits only for its time
    send(outsider, "tests.freeze")
    waiting = [tmp_path / str(number) for number in range(3)]
    for path in waiting:
        send(outsider, "tests.done", path)
    wait_for("what waited", lambda: all(path.exists() for path in waiting))
    assert worker.alive()
    assert not pool(worker) & before
    (line,) = read_log_lines("worker_not_consuming")
    assert (line["queue"], line["waiting"]) == ("birthday", 3)
    assert [line["task"] for line in read_log_lines("message_dropped")] == ["tests.freeze"]
    assert freezes(world) == counted + 1


def test_a_worker_whose_main_thread_is_stuck_restarts_all_the_same(
    world: World, outsider: Celery, worker: Child, read_log_lines: Told, tmp_path: Path
) -> None:
    before = pool(worker)
    worker.send(signal.SIGUSR2)
    send(outsider, "tests.done")  # Redis gives this one to the pending BRPOP
    send(outsider, "tests.done", tmp_path / "done")
    wait_for("what waited", (tmp_path / "done").exists)
    assert worker.alive()
    assert not pool(worker) & before


def test_a_busy_worker_is_left_alone_and_counts_as_taking_messages(
    world: World, outsider: Celery, worker: Child, read_log_lines: Told, tmp_path: Path
) -> None:
    before = pool(worker)
    (tmp_path / "held").touch()
    send(outsider, "tests.hold", tmp_path / "held")
    send(outsider, "tests.done", tmp_path / "done")

    def long_busy() -> bool:
        busy_s = look(world).consumers[BROWSER].busy_s
        return busy_s is not None and busy_s > 4

    wait_for("twice its patience", long_busy)
    seen = look(world)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(queues, "POLL_LIMIT_S", 1.0)
        assert seen.waiting["birthday"].oldest_s > queues.POLL_LIMIT_S
        assert seen.consumers_of("birthday") == [BROWSER]
    load = seen.consumers[BROWSER].load
    assert load is not None
    assert (load.children, load.running) == (len(before), 1)
    assert load.up_s > 4
    assert load.memory_bytes is None or load.memory_bytes > 10_000_000
    (tmp_path / "held").unlink()
    wait_for("what waited", (tmp_path / "done").exists)
    assert read_log_lines("worker_not_consuming") == []
    assert pool(worker) == before


def test_a_worker_that_waits_for_redis_is_not_frozen(
    world: World, outsider: Celery, worker: Child, read_log_lines: Told, tmp_path: Path
) -> None:
    before = pool(worker)
    redis = world_broker[world.data].container
    redis.kill()
    wait_for("its second try", lambda: "Trying again in 4.00 seconds" in worker.log.read_text())
    redis.restart()
    send(outsider, "tests.done", tmp_path / "done")
    wait_for("what waited", (tmp_path / "done").exists)
    assert read_log_lines("worker_not_consuming") == []
    assert pool(worker) == before


def test_a_worker_that_ends_takes_its_record_along(world: World, worker: Child) -> None:
    worker.stop(timedelta(seconds=20))
    assert look(world).consumers == {}
