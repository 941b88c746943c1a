"""Workers of this code and of the code before it, side by side, while the migration runs between them."""

import sys
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from sqlalchemy import text

from api_stub.stack.processes import Child, ProcessTable
from api_stub.stack.servers.postgres import Postgres
from api_stub.stack.servers.redis import Redis
from bench.actions.crowd_plan import plan_crowd
from db import migrate
from db.engine import Database
from tests.cluster import wait_for
from tests.faults.crowd import build_environment, count_left, make_report
from tests.faults.older_code import ROOT, find_older_code, unpack_code

ACCOUNTS = 30
EACH = 30
WORKERS = ("control", "browser")
MOST = timedelta(minutes=5)

# The accounts are in three groups, of which two wait until they are released.
HOLD_BACK = text("""
update actions set not_before = now() + interval '1 day', reason = 'gap' where account_id % 3 <> 0
""")
RELEASE = text("update actions set not_before = now() where state = 'planned' and account_id % 3 = :group")
DONE_BY = text("""
select substring(actor from '[0-9]+$')::int, count(*) from action_events where to_state = 'done' group by 1
""")


class Version:
    """The processes of one version of the code, and the ids that any of them had."""

    def __init__(self, name: str, root: Path, table: ProcessTable, env: Mapping[str, str]) -> None:
        self._name, self._root, self._table = name, root, table
        self._env = {**env, "PYTHONPATH": str(root)}
        self._children: list[Child] = []
        self._pids: set[int] = set()

    def start(self, *words: str) -> Child:
        """Start a command of this version."""
        argv = [sys.executable, "-m", "api_stub.cli", *words]
        return self._table.start(f"{self._name}-{'-'.join(words[:2])}", argv, self._env, cwd=self._root)

    def start_workers(self) -> None:
        """Start beat and a worker of each kind."""
        for role in WORKERS:
            self._children.append(self.start("worker", role, "--name", f"{self._name}-{role}"))
        self._children.append(self.start("beat"))

    def is_up(self) -> bool:
        """Return whether each of its workers has the child that does the work."""
        return all(psutil.Process(child.pid).children() for child in self._children[: len(WORKERS)])

    def count_done(self, database: Database) -> int:
        """Return how many actions its workers have ended, by the log of events."""
        for child in self._children:
            child.check()
            self._pids.update(each.pid for each in psutil.Process(child.pid).children(recursive=True))
        with database.transaction() as session:
            return sum(count for pid, count in session.execute(DONE_BY) if pid in self._pids)

    def stop(self) -> None:
        """End its processes as an upgrade does: each finishes its action."""
        for child in self._children:
            child.request_stop()
        for child in self._children:
            child.stop(timedelta(seconds=30))
        self._children.clear()


def release(database: Database, *, group: int) -> None:
    """Let the actions of a group of accounts begin."""
    with database.transaction() as session:
        session.execute(RELEASE, {"group": group})


@pytest.fixture(scope="module")
def older_code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    commit = find_older_code()
    if commit is None:
        pytest.skip("these files have no history: they are no clone")
    return unpack_code(commit, tmp_path_factory.mktemp("older"))


@pytest.fixture
def servers_of_both(tmp_path: Path) -> Iterator[tuple[Postgres, Redis]]:
    postgres = Postgres(tmp_path, durable=False)
    with postgres, Redis(tmp_path) as redis:
        yield postgres, redis
    postgres.remove_data()


@pytest.mark.soak
def test_a_rolling_upgrade_in_mid_campaign_greets_everybody_once(
    tmp_path: Path, older_code: Path, servers_of_both: tuple[Postgres, Redis]
) -> None:
    postgres, redis = servers_of_both
    env = build_environment(tmp_path, postgres.url, redis.url)
    table = ProcessTable(tmp_path)
    old, new = Version("old", older_code, table, env), Version("new", ROOT, table, env)
    database = Database(postgres.url, application_name="upgrade")
    began = time.perf_counter()
    try:
        assert old.start("migrate").wait(MOST) == 0
        before = migrate.read_revision(database.engine)
        hasty = new.start("worker", "control")  # before its migration
        assert hasty.wait(MOST) != 0
        assert "run `rapport migrate`" in hasty.tail()
        with database.transaction() as session:
            plan_crowd(session, accounts=ACCOUNTS, each=EACH)
            session.execute(HOLD_BACK)
        old.start_workers()
        wait_for("the old workers to greet", lambda: old.count_done(database) > ACCOUNTS)
        assert new.start("migrate").wait(MOST) == 0
        assert before != migrate.read_revision(database.engine) == migrate.newest_revision()

        release(database, group=1)
        wait_for("the old workers to go on", lambda: old.count_done(database) > ACCOUNTS * EACH // 3)
        new.start_workers()
        wait_for("the new workers to be up", new.is_up)
        done = old.count_done(database)
        release(database, group=2)
        wait_for(
            "both to greet, side by side",
            lambda: old.count_done(database) > done and new.count_done(database) > 0,
        )
        old.stop()
        wait_for("every action to end", lambda: count_left(database) == 0, patience=MOST)
        report = make_report(tmp_path, database, kills=0, seconds=time.perf_counter() - began)
    finally:
        old.stop()
        new.stop()
        database.close()
    assert (report.actions, report.effects) == (ACCOUNTS * EACH, ACCOUNTS * EACH)
    assert (report.twice, report.lost, report.in_flight) == (0, 0, 0)
