"""Late upkeep is in the first lines; doctor and why say when each job last ran and failed."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import text

from api_stub.checks.own_work import check_backups, check_upkeep
from db.engine import Database
from db.store.backups.plan import set_plan
from db.store.people import accounts
from db.store.upkeep import fail_job, schedule_job
from tests.builders import an_account
from tests.cli.conftest import Rapport
from worker.rules.upkeep import UpkeepJob
from worker.secrets import Vault
from worker.settings import Settings

pytestmark = pytest.mark.usefixtures("demo")


@pytest.fixture
def demo(database: Database, rapport: Rapport) -> None:
    with database.transaction() as session:
        sealed = Vault(Settings().required("secret_keys")).seal("{}")
        accounts.save_session(session, an_account(session).id, sealed)
        session.execute(text("update upkeep_jobs set last_ok_at = now()"))


def retention(database: Database, values: str) -> None:
    with database.transaction() as session:
        session.execute(text(f"update upkeep_jobs set {values} where name = 'retention'"))


LATE = "last_ok_at = now() - interval '12 hours'"
FAILED = "failures = 3, last_failed_at = '2026-11-01 07:00Z', error = 'QueryCanceled'"


def test_what_is_late_is_the_first_line(rapport: Rapport, database: Database) -> None:
    commands = (("why", "demo"), ("summary",), ("campaign", "list"), ("actions", "list"), ("review",))
    assert all("upkeep is late" not in rapport.code(*command)[1] for command in commands)
    retention(database, f"{LATE}, {FAILED}")
    for command in commands:
        first = rapport.code(*command)[1].splitlines()[0]
        assert first.startswith("upkeep is late: retention done "), command
        assert first.endswith(
            "3 failures since, the last 1 Nov 07:00 UTC: QueryCanceled; check with `rapport doctor`"
        )


def test_why_says_when_each_job_last_ran_and_failed(rapport: Rapport, database: Database) -> None:
    retention(database, f"last_ok_at = null, {FAILED}")
    (line,) = [each for each in rapport("why", "demo").splitlines() if each.startswith("upkeep: ")]
    assert "retention never done, 3 failures since, the last 1 Nov 07:00 UTC: QueryCanceled" in line
    assert "evidence done " in line
    jobs = {each["job"]: each for each in json.loads(rapport("why", "demo", "--json"))["upkeep"]}
    assert (jobs["retention"]["failures"], jobs["retention"]["error"]) == (3, "QueryCanceled")
    assert jobs["retention"]["last_ok_at"] is None
    assert jobs["quota"]["last_ok_at"] is not None


@pytest.mark.parametrize(
    ("values", "running", "stopped"),
    [("due_at = due_at", "ok", "ok"), (FAILED, "warning", "warning"), (LATE, "missing", "warning")],
)
def test_the_doctor_says_what_is_late_or_fails(
    database: Database, values: str, running: str, stopped: str
) -> None:
    retention(database, values)
    for is_running, expected in ((True, running), (False, stopped)):
        found = check_upkeep(database, is_running=is_running)
        state = "warning" if found.is_warning else "ok" if found.ok else "missing"
        assert (state, bool(found.advice)) == (expected, expected != "ok")
        assert "retention done " in found.detail


def test_the_doctor_says_where_backups_go_and_that_the_last_one_failed(database: Database) -> None:
    found = check_backups(database)
    assert (found.ok, found.is_warning, found.detail) == (True, False, "none are made")
    with database.transaction() as session:
        set_plan(session, target="/mnt/b", recipients=["age1"], keep=7, evidence=False, by="ops")
        schedule_job(session, UpkeepJob.BACKUP, timedelta(days=1))
    found = check_backups(database)
    assert (found.is_warning, found.detail) == (False, "to /mnt/b: backup never done")
    with database.transaction() as session:
        fail_job(session, UpkeepJob.BACKUP, "OSError: No space left on device")
    found = check_backups(database)
    assert (found.ok, found.is_warning) == (True, True)
    assert "No space left" in found.detail


def test_a_late_backup_is_the_first_line(database: Database, rapport: Rapport) -> None:
    with database.transaction() as session:
        schedule_job(session, UpkeepJob.BACKUP, timedelta(days=1))
        session.execute(text("update upkeep_jobs set added_at = now() - interval '2 days'"))
    assert rapport.code("why", "demo")[1].startswith("upkeep is late: backup never done; ")
