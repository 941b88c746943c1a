"""The restoration drill: an older backup in an empty place. The network's own ledger judges."""

import json
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from pyrage import x25519
from sqlalchemy import text

from db.backup.make import make_backup
from db.backup.targets import open_target
from db.store.quota import limits
from tests.faults.cluster import ROLES
from tests.faults.harness import EVERYBODY, Harness
from worker.errors import Reason
from worker.rules.model import ActionState, Kind
from worker.rules.quota.limits import Limits

GREETED_BEFORE = 3


def rapport(harness: Harness, *arguments: str) -> str:
    """Run a command as a person would, with the database's owner."""
    env = {**harness.env, "DATABASE_URL": harness.postgres.url}
    command = [sys.executable, "-m", "api_stub.cli", *arguments]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def lose_the_database(harness: Harness) -> None:
    """Stop all processes, and lose the database and Redis with all that is in them."""
    for name in ROLES:
        harness.stop_for_good(name)
    harness.database.close()
    with psycopg.connect(harness.postgres.database_url_of("postgres"), autocommit=True) as connection:
        connection.execute("drop database rapport with (force)")
        connection.execute("create database rapport")
    harness.run_redis_command("FLUSHALL")


def start_again(harness: Harness) -> None:
    for name, command in ROLES.items():
        harness.start(name, *command)
    harness._wait_until_ready("browser1", "browser2", "control")


def limit_to_what_may_be_lost(harness: Harness) -> None:
    """Set limits under which some are left after a restoration counts all that may have been used since."""
    assert harness.account is not None
    apart = timedelta(seconds=2)
    with harness.database.transaction() as session:
        for kind in Kind:
            per_day = 400 if kind is Kind.GREET else 1
            bounds = Limits(per_run=per_day, per_day=per_day, per_week=per_day, gap_min=apart, gap_max=apart)
            limits.set_limits(session, harness.account.id, kind, bounds, by="tests")


def greeted(harness: Harness) -> Counter[str]:
    return Counter(effect.slug for effect in harness.ledger())


@pytest.mark.soak
def test_nobody_who_was_greeted_after_the_backup_is_greeted_again(harness: Harness, tmp_path: Path) -> None:
    private = x25519.Identity.generate()
    key = tmp_path / "backup.key"
    key.write_text(f"{private}\n")
    harness.reset()
    limit_to_what_may_be_lost(harness)
    harness.campaign(late_days=EVERYBODY)
    while harness.count_done() < GREETED_BEFORE:
        harness.next_greeting()
    report = make_backup(
        harness.postgres.url,
        open_target(str(tmp_path)),
        [str(private.to_public())],
        evidence=None,
        keep=None,
    )
    harness.wait_until_settled()
    everybody = greeted(harness)
    assert set(everybody.values()) == {1}
    assert len(everybody) > GREETED_BEFORE + 5

    lose_the_database(harness)
    told = json.loads(rapport(harness, "restore", report.file, "--key", str(key), "--json"))
    assert (told["done"], told["rows"], told["unopened"]) == (True, report.rows, [])
    with harness.database.transaction() as session:  # another template is chosen for some of them
        session.execute(text("update actions set message = 'Many happy returns!' where state = 'planned'"))
        open_actions = session.scalar(
            text("select count(*) from actions where state in ('planned', 'queued')")
        )
        assert session.scalar(text("select count(*) from kill_switch")) == 1
    assert open_actions is not None
    assert open_actions >= 5

    start_again(harness)
    new = harness.site.add_birthdays()
    harness.run_for(3)
    assert greeted(harness) == everybody, "nothing is sent until a person has looked"
    rapport(harness, "resume-everything")
    harness.wait_until_settled()
    assert greeted(harness) == everybody
    lost = [line for line in harness.lines() if line.reason is Reason.ALREADY_GREETED]
    assert len(lost) >= open_actions - 1, "an action that was in flight may be found as done"
    assert {line.state for line in lost} == {ActionState.SKIPPED}

    planned_before = len(harness.lines())
    harness.campaign(late_days=EVERYBODY)
    harness.wait_for("the plan of those who are new", lambda: len(harness.lines()) > planned_before)
    harness.wait_until_settled(seconds=180)
    after = greeted(harness)
    assert set(after.values()) == {1}
    assert set(after) - set(everybody) <= set(new)
    assert len(after) > len(everybody), "it goes on"
    assert harness._charged() >= len(after), "the quota counts what was lost, too"
    chains = json.loads(rapport(harness, "audit", "verify", "--json"))
    assert [chain["problems"] for chain in chains] == [[]]
