"""`rapport templates test` through a real browser: what arrives, and that nobody counts as greeted by it."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from api_stub.cli.accounts import account_page
from api_stub.sandbox.client import SandboxClient
from api_stub.stack.ledger_check import compare_with_ledger
from db.engine import Database
from db.store.campaigns import templates
from db.store.kill_switch import pull_kill_switch, release_kill_switch
from db.store.people import accounts, lookup
from db.store.people.accounts import AccountRecord
from tests.builders import TEN, a_contact, an_account
from tests.cli.conftest import Rapport
from tests.conftest import StartSandbox, signed_in
from worker.browser.pool import BrowserPool
from worker.secrets import Vault
from worker.settings import Settings

TEXT = "Happy birthday, {{ first_name }} of {{ company or 'your team' }}, in {{ city }}!"
MEMBER = "xochitl-ramirez"
ADDRESS = f"https://sandbox.test/in/{MEMBER}/"


@pytest.fixture
def sandbox(start_sandbox: StartSandbox, tmp_path: Path) -> Iterator[SandboxClient]:
    process, client = start_sandbox(tmp_path / "sandbox.db", None)
    yield client
    process.terminate()
    process.wait(60)


@pytest.fixture
def signed(
    sandbox: SandboxClient, database: Database, environment: pytest.MonkeyPatch, tmp_path: Path
) -> AccountRecord:
    """A signed-in account with a signature."""
    environment.setenv("RAPPORT_SANDBOX_URL", sandbox.base_url)
    environment.setenv("RAPPORT_EVIDENCE_DIR", str(tmp_path / "evidence"))
    vault = Vault(Settings().required("secret_keys"))
    with database.transaction() as session:
        account = an_account(session)
        accounts.save_session(session, account.id, vault.seal(signed_in(sandbox, "demo")))
        accounts.set_signature(session, account.id, "Best, Dana")
    return account


@pytest.fixture
def send(
    signed: AccountRecord, rapport: Rapport, browser_pool: BrowserPool, environment: pytest.MonkeyPatch
) -> Iterator[Callable[..., tuple[int, str]]]:
    """Runs the command in this process, with a page of the run's Chromium."""
    environment.setattr(account_page, "BrowserPool", lambda **_: nullcontext(browser_pool))

    def run(*arguments: str) -> tuple[int, str]:
        code, out, err = rapport.code("templates", "test", *arguments)
        return code, out + err

    yield run
    browser_pool.close_context(signed.id)


def test_a_test_message_arrives_as_it_is_shown_and_greets_nobody(
    signed: AccountRecord, sandbox: SandboxClient, database: Database
) -> None:
    argv = [sys.executable, "-m", "api_stub.cli", "templates", "test", TEXT, "--to", MEMBER]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    arrived = "Happy birthday, Xóchitl of Milpa, in Puebla!\nBest, Dana"
    assert said.startswith(f"Xóchitl Ramírez ✨ ({ADDRESS}) received:\n{arrived}\nscreenshot: ")
    screenshot = Path(said.rpartition("screenshot: ")[2].strip())
    assert screenshot.read_bytes().startswith(b"\x89PNG")
    (effect,) = sandbox.ledger("demo")
    assert (effect.slug, effect.kind) == (MEMBER, "test")
    assert effect.text.split() == arrived.split()
    with database.transaction() as session:
        assert lookup.find_contacts(session, MEMBER).count == 0
    check = compare_with_ledger([], sandbox.ledger("demo"))
    assert (str(check), check.problems) == ("0 greetings, 0 in the ledger, 0 twice", ())


def test_nothing_is_sent_where_a_greeting_or_a_stop_would_suffer(
    send: Callable[..., tuple[int, str]], sandbox: SandboxClient, database: Database
) -> None:
    near = next(person.slug for person in sandbox.people() if person.birthday_on == sandbox.today())
    code, said = send(TEXT, "--to", near)
    assert (code, "would count as written by hand" in said) == (1, True), said
    with database.transaction() as session:
        pull_kill_switch(session, "tests")
        number = templates.add_template(
            session, account_id=None, language="en", late=False, body="Hi {{ first_name }}!"
        )
    code, said = send(str(number), "--json")
    assert (code, "nothing was sent: the kill switch is on" in said) == (1, True), said
    with database.transaction() as session:
        release_kill_switch(session)
        account = an_account(session)
        a_contact(session, account, MEMBER).do_not_contact = True
    code, said = send(str(number), "--to", ADDRESS)
    assert (code, "nothing was sent: this person is not to be contacted" in said) == (1, True), said
    assert sandbox.ledger("demo") == []
    code, said = send(str(number), "--json")  # to somebody whose birthday is far
    assert code == 0, said
    sent = json.loads(said)
    assert re.fullmatch(r"Hi .+!\nBest, Dana", sent["message"])
    assert Path(sent["screenshot"]).exists()


def test_it_is_for_the_practice_network_alone_and_says_when_that_does_not_run(
    rapport: Rapport, database: Database, environment: pytest.MonkeyPatch
) -> None:
    with database.transaction() as session:
        an_account(session)
        an_account(session, "real", site="linkedin", limits=TEN)
    said = rapport.refused("templates", "test", "Hi", "--account", "real")
    assert "account real is on linkedin; tests are only sent on the practice network" in said
    environment.setenv("RAPPORT_SANDBOX_URL", "http://127.0.0.1:9")
    code, _, said = rapport.code("templates", "test", "Hi")
    assert (code, "the practice network doesn't answer: start Rapport" in said) == (3, True)
