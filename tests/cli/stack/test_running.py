"""`rapport up --detach`, `status`, `logs` and `down`, and commands while nothing runs: one real stack."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psutil
import pytest
from celery import Celery
from sqlalchemy import text

from api_stub.sandbox.client import SandboxClient
from api_stub.stack.lock import FolderLock, Purpose
from api_stub.stack.servers.unprivileged import remove_cluster
from db.engine import Database
from db.store.upkeep import list_jobs
from tests import web
from tests.cli.conftest import Rapport
from tests.cluster import untraced, wait_for
from worker.browser.pool import BrowserPool
from worker.queues import take_snapshot_at
from worker.servers.redis_address import parse
from worker.settings import get_settings

RunHere = Callable[..., tuple[int, str, str]]
ALONE = "Rapport isn't running, so the database is started for this command alone"


class Folder:
    """Runs `rapport ...` as a process on one data folder, without the variables of a database."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.console = ""
        without = {"DATABASE_URL", "REDIS_URL"}
        variables = {name: value for name, value in untraced().items() if name not in without}
        self.env = {**variables, "RAPPORT_DATA": str(data), "COLUMNS": "200"}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "api_stub.cli", *arguments],
            env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Return exit code, output and errors."""
        with self.start(*arguments) as process:
            out, err = process.communicate(timeout=90)
        return process.returncode, out, err

    def state(self) -> dict[str, Any]:
        """Return what the stack writes for `rapport status --json`."""
        return dict(json.loads((self.data / "state.json").read_text()))

    def pids(self) -> dict[str, int]:
        return {each["name"]: each["pid"] for each in self.state()["processes"]}

    def events(self) -> str:
        return (self.data / "logs" / "up.log").read_text()

    def says(self, event: str) -> None:
        wait_for(f"{event!r}", lambda: event in self.events())


@contextmanager
def held_lock(data: Path) -> Iterator[FolderLock]:
    """Hold the lock of a folder as a command does that uses the database alone."""
    lock = FolderLock(data, Purpose.COMMAND)
    lock.acquire()
    try:
        yield lock
    finally:
        lock.release()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folder]:
    """A folder whose stack has been started in the background."""
    data = tmp_path_factory.mktemp("running") / "my data"
    folder = Folder(data)
    code, out, err = folder.run("up", "--detach", "--workers", "1")
    assert (code, err) == (0, ""), out + err
    assert out.splitlines()[-1].startswith("running in the background (pid ")
    found = re.search(r"^the console, signed in once with this link: (\S+)$", out, re.MULTILINE)
    assert found is not None, out
    folder.console = found[1]
    yield folder
    folder.run("down")
    remove_cluster(data / "postgres")


@pytest.fixture
def run_here(
    folder: Folder, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[RunHere]:
    """Runs `rapport ...` on the folder as `Folder.run` does, but in this process, which is faster."""
    with patch.dict(os.environ, folder.env, clear=True):  # noqa: TID251 -- commands add those of the stack
        yield Rapport(capsys, monkeypatch).code
    get_settings.cache_clear()


@pytest.fixture(scope="module")
def stopped(folder: Folder) -> Folder:
    """The same folder after `rapport down`. Tests that use it come last."""
    code, out, err = folder.run("down")
    assert (code, out) == (0, "Rapport is stopped\n")
    assert err.startswith("stopping Rapport (pid ")
    return folder


def test_status_shows_processes_and_addresses_and_a_second_start_is_refused(
    folder: Folder, run_here: RunHere
) -> None:
    code, _, err = folder.run("up", "--detach")
    assert (code, f"is already running (pid {folder.state()['pid']})" in err) == (1, True)
    code, out, err = run_here("status")
    assert (code, err) == (0, "")
    assert out.startswith("Rapport has been running since ")
    for name in ("postgres", "redis", "sandbox", "control", "browser1", "beat", "api", "flower"):
        assert f"\n{name}\t" in out
    assert folder.state()["addresses"]["flower"] in out
    code, out, _ = run_here("status", "--json")
    shown = json.loads(out)
    assert (code, shown["running"], shown["stopped_accounts"]) == (0, True, [])
    assert (shown["unconsumed_queues"], shown["late_upkeep"]) == ([], [])
    assert {each["name"]: each["pid"] for each in shown["processes"]} == folder.pids()


def test_the_console_s_link_works_once_and_is_in_no_log(folder: Folder) -> None:
    answer = web.get(folder.console)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert web.get(folder.console).status_code == 410
    token = folder.console.rpartition("/")[2]
    assert not [each.name for each in (folder.data / "logs").iterdir() if token in each.read_text()]


@pytest.mark.soak
def test_a_newcomer_approves_in_the_console_and_sees_the_greeting_go_out(
    folder: Folder, run_here: RunHere, browser_pool: BrowserPool
) -> None:
    code, out, err = run_here("users", "link", "owner")
    assert (code, err) == (0, "")
    with closing(browser_pool._get_browser().new_context(viewport={"width": 360, "height": 740})) as context:
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.goto(out.split()[-1])
        page.get_by_role("link", name="Start a birthday campaign").click()
        page.get_by_role("button", name="Start it").click()
        page.locator("main").get_by_role("link", name="Approve").click()
        card = page.locator(".proposal").first
        who = card.locator(".name").inner_text()
        card.get_by_role("button", name="Approve", exact=True).click()
        page.get_by_role("link", name="Today").click()
        page.get_by_text(re.compile("^1 of ")).wait_for()  # without a reload
        sent = page.locator("[aria-labelledby=greeted] li")
        assert who in sent.inner_text()
        text = sent.locator("blockquote").inner_text()
    secrets, addresses = json.loads((folder.data / "secrets.json").read_text()), folder.state()["addresses"]
    ledger = SandboxClient(addresses["sandbox"], secrets["sandbox_key"]).ledger()
    assert [entry.text for entry in ledger] == [text]


def test_status_names_a_queue_that_nobody_consumes_and_late_upkeep(folder: Folder, run_here: RunHere) -> None:
    environment = json.loads((folder.data / "environment.json").read_text())
    redis_at, worker = parse(environment["REDIS_URL"]), f"browser1@{os.uname().nodename}"

    def consumes() -> bool:
        return bool(take_snapshot_at(redis_at).consumers_of("birthday"))

    database = Database(environment["DATABASE_URL"], application_name="tests")
    with Celery("remote", set_as_current=False) as remote:
        remote.conf.update(redis_at.broker_settings())
        remote.control.cancel_consumer("birthday", destination=[worker])
        wait_for("nobody to consume it", lambda: not consumes())
        with database.transaction() as session:
            session.execute(
                text("update upkeep_jobs set last_ok_at = to_timestamp(0) where name = 'retention'")
            )
        out = run_here("status")[1]
        assert "\nnobody takes messages of: birthday; `" in out
        assert "\nupkeep is late: retention; `" in out
        remote.control.add_consumer("birthday", destination=[worker])
        wait_for("it to be consumed", consumes)

    def all_done() -> bool:
        with database.transaction() as session:
            return all(each.last_ok_at and not each.is_late for each in list_jobs(session))

    with database.transaction() as session:
        session.execute(text("update upkeep_jobs set due_at = now() where name = 'retention'"))
    wait_for("upkeep to be done by itself", all_done)
    database.close()


def test_processes_that_end_come_back_and_the_system_goes_on(folder: Folder, run_here: RunHere) -> None:
    before = folder.pids()
    os.kill(before["flower"], signal.SIGKILL)
    folder.says("flower ended (signal 9): started again, 1st time")
    remote = Celery("remote")
    environment = json.loads((folder.data / "environment.json").read_text())
    remote.conf.update(parse(environment["REDIS_URL"]).broker_settings())
    remote.control.broadcast("shutdown", destination=[f"browser1@{os.uname().nodename}"])
    remote.close()
    folder.says("browser1 was shut down, perhaps from Flower: started again, 1st time")
    os.kill(before["postgres"], signal.SIGKILL)
    folder.says("postgres ended (signal 9): started again, 1st time")
    os.kill(before["redis"], signal.SIGKILL)
    folder.says("redis ended (signal 9): started again, 1st time")
    assert "{" not in folder.events()
    after = folder.pids()
    assert {name for name in after if after[name] != before[name]} >= {
        "flower",
        "browser1",
        "postgres",
        "redis",
    }
    assert {after[name] == before[name] for name in ("control", "beat", "api", "sandbox")} == {True}
    ready = folder.state()["addresses"]["api"] + "/ready"
    wait_for("everything to be ready again", lambda: web.get(ready).status_code == 200)
    # Redis has forgotten who takes messages, until each worker says so again; /ready knows it from before.
    dry_run = ("campaign", "birthday", "demo", "--dry-run")
    wait_for("a dry run", lambda: "nothing was planned or sent" in run_here(*dry_run)[1])


def test_logs_of_all_processes_are_one_and_can_be_followed_by_their_correlation(
    folder: Folder, run_here: RunHere
) -> None:
    with folder.start("logs", "--follow", "--correlation", "c0ffee") as following:
        assert following.stdout
        api = folder.state()["addresses"]["api"]
        key = json.loads((folder.data / "secrets.json").read_text())["api_key"]
        web.post(
            f"{api}/control/birthday",
            json={"account": "demo", "dry_run": True},
            headers={"X-API-Key": key, "X-Correlation-Id": "c0ffee00c0ffee00"},
        )
        seen = set[str]()
        for line in following.stdout:
            assert "c0ffee00c0ffee00" in line
            seen.add(line.split()[2])
            if seen >= {"api", "control", "browser1"}:
                break
        following.send_signal(signal.SIGINT)
    code, out, _ = run_here("logs", "--correlation", "c0ffee", "--json")
    lines = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [line["timestamp"] for line in lines] == sorted(line["timestamp"] for line in lines)
    assert {line["correlation_id"] for line in lines} == {"c0ffee00c0ffee00"}
    code, out, _ = run_here("logs", "stack", "flower", "--level", "warning", "--since", "1h")
    assert code == 0
    assert "stack     warning  flower ended (signal 9): started again, 1st time" in out
    assert {"stack"} <= {line.split()[2] for line in out.splitlines()} <= {"stack", "flower"}


def test_nothing_is_left_after_down_and_a_command_that_needs_workers_says_so_at_once(
    stopped: Folder, run_here: RunHere
) -> None:
    assert not [pid for pid in stopped.pids().values() if psutil.pid_exists(pid)]
    not_running = (3, "", "rapport: Rapport isn't running: `rapport up` starts it\n")
    assert run_here("status") == not_running
    assert run_here("campaign", "birthday", "demo") == not_running


def test_a_reading_command_starts_the_database_alone_after_another_one(stopped: Folder) -> None:
    # What a killed stack leaves behind does not count.
    stale = {"DATABASE_URL": "postgresql://x:y@127.0.0.1:1/gone", "REDIS_URL": "redis://:y@127.0.0.1:1/0"}
    (stopped.data / "environment.json").write_text(json.dumps(stale))
    with held_lock(stopped.data) as lock, stopped.start("why", "demo") as reading:
        assert reading.stderr
        assert reading.stderr.readline() == f"{ALONE}\n"
        waiting = f"waiting for another command that uses the database (pid {os.getpid()})\n"
        assert reading.stderr.readline() == waiting
        lock.release()
        out, err = reading.communicate(timeout=90)
    assert (reading.returncode, err) == (0, "")
    assert "Rapport isn't running: `rapport up`" in out
    code, _, err = stopped.run(
        "templates", "add", "--language", "en", "A good year to you, {{ first_name }}!"
    )
    assert (code, err) == (0, f"{ALONE}\n")


def test_a_start_waits_for_a_command_and_prints_why_it_failed(stopped: Folder) -> None:
    secrets = stopped.data / "secrets.json"
    kept = secrets.read_text()
    with held_lock(stopped.data) as lock, stopped.start("up", "--detach", "--workers", "1") as starting:
        stopped.says(f"waiting for another command that uses the database (pid {os.getpid()})")
        secrets.write_text("no JSON")
        lock.release()
        out, err = starting.communicate(timeout=90)
    secrets.write_text(kept)
    assert starting.returncode == 1
    assert "secrets.json is not readable as JSON" in out
    assert "Rapport did not start; the reason is above" in err


def test_what_other_programs_start_is_looked_for_where_they_say(
    rapport: Rapport, environment: pytest.MonkeyPatch
) -> None:
    said = rapport.refused("status", exit_code=3)
    assert "`systemctl list-units 'rapport*'` or `docker compose ps`" in said
    assert "`rapport up` starts it" not in said
    environment.setenv("RAPPORT_LOG_COMMAND", "journalctl --grep=ID")
    assert rapport.refused("logs", exit_code=3).endswith("about one correlation id: journalctl --grep=ID")


@pytest.mark.parametrize("command", ["why demo", "campaign birthday demo", "logs", "status"])
def test_where_nothing_was_ever_started_nothing_is_created(
    rapport: Rapport, environment: pytest.MonkeyPatch, tmp_path: Path, command: str
) -> None:
    for name in ("DATABASE_URL", "REDIS_URL"):
        environment.delenv(name)
    environment.setenv("RAPPORT_DATA", str(tmp_path / "never"))
    said = rapport.refused(*command.split(), exit_code=3)
    assert "`rapport up`" in said
    assert ("othing was ever started here" in said) is (command != "status")
    assert rapport("down") == "Rapport isn't running\n"
    assert not (tmp_path / "never").exists()
