"""Tasks run in this process, with a real Postgres, Redis, practice network and Chromium behind them."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select

from api_stub.sandbox.client import SandboxClient
from api_stub.stack.environment import settings_environment
from db.store.actions import dispatch
from db.store.campaigns import campaigns
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from db.tables import Campaign, Interaction
from tasks import services as wiring
from tasks.actions.perform import perform_action
from tasks.actions.settle import Outcome
from tasks.services import Services
from tests import builders
from tests.builders import FREE, an_account
from tests.conftest import KEY, TIMEOUT, StartSandbox, signed_in
from tests.db.helpers import LEASE
from tests.network import refill
from tests.tasks.reply_helpers import ANN, NAMES, Greet
from tests.tasks.scripted_site import ScriptedSite
from worker.browser.pool import BrowserPool
from worker.rules.quota.limits import Limits
from worker.settings import Settings, get_settings

NewAccount = Callable[..., AccountRecord]


@pytest.fixture(scope="package")
def used_sandbox(
    start_sandbox: StartSandbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, SandboxClient]]:
    state = tmp_path_factory.mktemp("network") / "sandbox.db"
    process, client = start_sandbox(state, None)
    yield state, client
    process.terminate()
    process.wait(60)


@pytest.fixture
def sandbox(used_sandbox: tuple[Path, SandboxClient]) -> SandboxClient:
    """A practice network as new, on today's date."""
    state, client = used_sandbox
    refill(state)
    return client


@pytest.fixture
def settings(
    monkeypatch: pytest.MonkeyPatch, database_url: str, redis_url: str, sandbox: SandboxClient, tmp_path: Path
) -> Settings:
    values = {
        "database_url": database_url,
        "redis_url": redis_url,
        "secret_keys": Fernet.generate_key().decode(),
        "sandbox_url": sandbox.base_url,
        "sandbox_key": KEY,
        "evidence_dir": tmp_path / "evidence",
        "settle_time": timedelta(0),
        "browser_timeout": TIMEOUT,
    }
    for name, value in settings_environment(values).items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()  # some other test may have asked, with other variables
    return Settings()


@pytest.fixture
def services(
    settings: Settings, browser_pool: BrowserPool, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Services]:
    """The services of this process; they share the run's Chromium, which stays open."""
    made = Services(settings)
    vars(made)["browser_pool"] = browser_pool
    monkeypatch.setattr(wiring, "_services", [made])
    yield made
    for number in range(1, 10):
        with suppress(KeyError):
            browser_pool.close_context(number)
    made.database.close()


@pytest.fixture
def new_account(services: Services, sandbox: SandboxClient) -> NewAccount:
    """Makes a signed-in account."""

    def make(name: str = "demo", limits: Limits = FREE) -> AccountRecord:
        with services.database.transaction() as session:
            account = an_account(session, name, limits=limits)
            accounts.save_session(session, account.id, services.vault.seal(signed_in(sandbox, name)))
        return account

    return make


@pytest.fixture
def account(new_account: NewAccount) -> AccountRecord:
    return new_account()


@pytest.fixture
def greet(
    services: Services, account: AccountRecord, sandbox: SandboxClient, monkeypatch: pytest.MonkeyPatch
) -> Greet:
    """Greets somebody; gives the interaction's id.

    The network is told of the message; a browser would take a second to type it there.
    """

    def make(slug: str = ANN, *, keep: bool = False, by: AccountRecord = account) -> int:
        with services.database.transaction() as session:
            campaign_id = builders.a_campaign(session, by)
            campaign = session.get_one(Campaign, campaign_id)
            campaign.options = {**campaign.options, "keep_replies": keep}
            session.flush()
            contact = builders.a_contact(session, by, slug, name=NAMES.get(slug))
            site = ScriptedSite()
            site.names[contact.profile_url] = contact.full_name
            action_id = builders.add_planned(
                session, by, contact, campaign_id=campaign_id, text="Happy birthday!"
            )
            campaigns.mark_planned(session, campaign_id)
        with services.database.transaction() as session:
            assert len(dispatch.queue_due_actions(session, batch=10, lease=LEASE)) == 1
        sandbox.write_as_member(slug, by.name, "Happy birthday!")
        with monkeypatch.context() as patch:
            patch.setattr(services, "open_site", lambda **_: site)
            assert perform_action(services, action_id) is Outcome.DONE
        with services.database.transaction() as session:
            return session.scalars(select(Interaction.id).where(Interaction.action_id == action_id)).one()

    return make


@pytest.fixture
def without_pages(
    monkeypatch: pytest.MonkeyPatch, database_url: str, redis_url: str, tmp_path: Path
) -> Iterator[Services]:
    """Services whose site is a folder: everything but the browser is real."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("REDIS_URL", redis_url)
    monkeypatch.setenv("RAPPORT_SECRET_KEYS", Fernet.generate_key().decode())
    monkeypatch.setenv("RAPPORT_LEDGER_DIR", str(tmp_path))
    monkeypatch.setenv("RAPPORT_SETTLE_TIME", "0")
    get_settings.cache_clear()
    services = Services(Settings())
    yield services
    services.close()


def effects(services: Services) -> list[tuple[str, str]]:
    """Return what reached the site without pages: to whom, and the text."""
    folder = services.settings.ledger_dir
    assert folder is not None
    lines = [json.loads(line) for file in folder.glob("*.jsonl") for line in file.read_text().splitlines()]
    return sorted((line["to"], line["text"]) for line in lines)


@pytest.fixture
def scripted(without_pages: Services, monkeypatch: pytest.MonkeyPatch) -> ScriptedSite:
    """The site of `without_pages`, kept in memory, where a test may let anything happen at any step."""
    site = ScriptedSite()
    monkeypatch.setattr(without_pages, "open_site", lambda **_: site)
    return site
