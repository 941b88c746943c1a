"""`rapport selectors check` through a real browser: what it opens, says, stores and writes."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from api_stub.sandbox.client import SandboxClient
from api_stub.sandbox.faults import FaultName
from db.engine import Database
from db.store.actions import account_lease, control
from db.store.kill_switch import pull_kill_switch
from db.store.people import accounts, site_checks
from db.store.quota import limits
from db.tables import Account, Interaction
from tests.builders import FREE, a_contact, action, add_planned, an_account, database_now
from tests.cli.conftest import Rapport
from tests.conftest import StartSandbox, signed_in
from worker.errors import Reason
from worker.rules.model import AccountStatus, Kind
from worker.rules.sites.capabilities import Capability, Verdict
from worker.secrets import Vault
from worker.settings import Settings

MEMBER = "xochitl-ramirez"
ADDRESS = f"https://sandbox.test/in/{MEMBER}/"
READING = {
    Capability.SIGNED_IN,
    Capability.BIRTHDAYS,
    Capability.SEARCH,
    Capability.INVITATIONS,
    Capability.WITHDRAW,
}

Check = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def shared(start_sandbox: StartSandbox, tmp_path_factory: pytest.TempPathFactory) -> SandboxClient:
    return start_sandbox(tmp_path_factory.mktemp("check") / "sandbox.db", None)[1]


@pytest.fixture
def sandbox(shared: SandboxClient) -> Iterator[SandboxClient]:
    shared.clear_faults()
    yield shared
    shared.clear_faults()


@pytest.fixture
def check(sandbox: SandboxClient, database: Database, environment: pytest.MonkeyPatch) -> Check:
    """Runs the command in a process of its own, for a signed-in account without a gap between its visits."""
    environment.setenv("RAPPORT_SANDBOX_URL", sandbox.base_url)
    environment.setenv("RAPPORT_BROWSER_TIMEOUT", "4")
    vault = Vault(Settings().required("secret_keys"))
    with database.transaction() as session:
        account = an_account(session)
        limits.set_limits(session, account.id, Kind.VISIT, FREE, by="tests")
        accounts.save_session(session, account.id, vault.seal(signed_in(sandbox, "demo")))

    def run(*arguments: str) -> tuple[int, str]:
        argv = [sys.executable, "-m", "api_stub.cli", "selectors", "check", "demo", *arguments]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + (done.stderr if done.returncode not in {0, 4} else "")

    return run


def verdicts(database: Database) -> dict[Capability, Verdict]:
    with database.transaction() as session:
        known = site_checks.list_verdicts(session, an_account(session).id)
    return {each.capability: each.verdict for each in known}


def test_a_whole_check_proves_what_sending_needs_and_types_nothing(
    check: Check, sandbox: SandboxClient, database: Database, tmp_path: Path
) -> None:
    sandbox.write_as_person(MEMBER, "demo", "Thanks for the bees")
    before = sandbox.ledger("demo")
    with database.transaction() as session:
        account = an_account(session)
        waits = add_planned(session, account, a_contact(session, account, MEMBER))
        row = action(session, waits)
        row.reason, row.not_before = Reason.NOT_CHECKED, row.not_before + timedelta(hours=1)
    file = tmp_path / "report.txt"
    asked = ("--inbox", "--profile", ADDRESS, "--compose", "--report", str(file), "--yes", "--json")
    code, said = check(*asked)
    assert code == 0, said
    answer = json.loads(said)
    assert [page["name"] for page in answer["pages"]] == [
        "feed", "birthdays", "search", "invitations", "inbox", "profile", "conversation",
    ]  # fmt: skip
    assert {each["verdict"] for each in answer["verdicts"]} == {"ok"}, said
    assert verdicts(database) == dict.fromkeys(Capability, Verdict.OK)
    with database.transaction() as session:
        assert action(session, waits).not_before < database_now(session)  # what waited for it is due
    composer = next(m for m in answer["pages"][-1]["marks"] if m["name"] == "thread.composer")
    assert composer["forms"] == [{"version": "plain", "shown": 1, "hidden": 0, "place": "page"}]
    assert sandbox.ledger("demo") == before
    with database.transaction() as session:
        visits = session.scalars(select(Interaction.type)).all()
        lease = session.scalars(select(Account.inbox_lease_until)).one()
        used = limits.load_context(session, an_account(session).id, Kind.VISIT, "").context
    assert (visits, lease) == ([Kind.VISIT, Kind.VISIT], None)  # the conversation opens on the profile
    assert used.epoch > 0  # the counters are rebuilt, so the visits count
    report = file.read_text()
    assert file.stat().st_mode & 0o077 == 0
    assert "mark thread.composer: plain (1 shown, 0 hidden, page)" in report
    assert "div[role=listitem]" in report
    for word in ("Thanks", "bees", "Xóchitl", "xochitl", "Ramírez", "Birthdays", "Write a message"):
        assert word not in report


def test_a_wall_ends_the_check_and_stops_the_account(
    check: Check, sandbox: SandboxClient, database: Database
) -> None:
    sandbox.fault(FaultName.CHALLENGE_PAGE, path_prefix="/birthdays/")
    code, said = check()
    assert code == 4, said
    assert "the check ended at a wall" in said
    assert said.count("not opened") == 2
    assert re.search(r"navigation\.bar\s+shown 1\s+plain", said)
    with database.transaction() as session:
        account = an_account(session)
    assert (account.status, account.stop_reason) == (AccountStatus.STOPPED, Reason.CHALLENGE)
    assert verdicts(database) == {
        **dict.fromkeys(READING, Verdict.UNKNOWN),
        Capability.SIGNED_IN: Verdict.OK,
    }


def test_nothing_is_opened_while_the_account_is_in_use_or_may_not_act(
    check: Check, database: Database, rapport: Rapport, tmp_path: Path
) -> None:
    with database.transaction() as session:
        account = an_account(session)
        a_contact(session, account, MEMBER).do_not_contact = True
        until = account_lease.take_account(session, account.id, lease=timedelta(minutes=5))
        assert until is not None
    assert "a worker uses account demo right now" in rapport.refused("selectors", "check", "demo")
    with database.transaction() as session:
        account_lease.release_account(session, account.id, until)
    refused = rapport.refused("selectors", "check", "demo", "--profile", MEMBER)
    assert f"{MEMBER!r} isn't the address of a profile" in refused
    refused = rapport.refused("selectors", "check", "demo", "--profile", ADDRESS)
    assert "no page was opened: this person is not to be contacted" in refused
    assert "--compose needs --profile" in rapport.refused("selectors", "check", "demo", "--compose")
    (tmp_path / "there").touch()
    for file, why in (("there", "already exists"), ("none/x", "there is no folder"), ("new", "add --yes")):
        assert why in rapport.refused("selectors", "check", "demo", "--report", str(tmp_path / file))
    with database.transaction() as session:
        control.pause_account(session, account.id)
    assert "account demo is paused" in rapport.refused("selectors", "check", "demo")
    with database.transaction() as session:
        pull_kill_switch(session, "tests")
    assert "the kill switch is on" in rapport.refused("selectors", "check", "demo")
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Interaction)) == 0
