"""Keys that don't open the stored sessions: accounts wait, nothing is lost, and it goes on by itself."""

import sys
from collections.abc import Iterator
from types import SimpleNamespace
from uuid import UUID

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import func, select, update

from api_stub.sandbox.client import SandboxClient
from db.engine import Database
from db.store.actions import dispatch, lifecycle
from db.store.actions.claims import Claim
from db.store.campaigns import campaigns
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from db.tables import Action, Campaign
from tasks import hooks, sessions
from tasks.actions.perform import perform_action
from tasks.actions.read_inbox import read_replies
from tasks.actions.settle import Outcome
from tasks.campaigns.plan_birthdays import read_birthdays
from tasks.services import Services
from tests import builders
from tests.db.helpers import LEASE, claim_action
from worker.errors import Reason
from worker.rules.model import AccountStatus, ActionState, CampaignState
from worker.rules.policy import MAX_FAILURES
from worker.secrets import SESSION_UNREADABLE, Vault
from worker.settings import Settings


def other_keys() -> Vault:
    return Vault(SecretStr(Fernet.generate_key().decode()))


def use(services: Services, vault: Vault) -> Vault:
    before = services.vault
    vars(services)["vault"] = vault
    return before


def due(services: Services) -> list[UUID]:
    """Queue what is due, as if its time had come."""
    with services.database.transaction() as session:
        session.execute(update(Action).values(not_before=func.least(Action.not_before, func.now())))
        return [action.action_id for action in dispatch.queue_due_actions(session, batch=10, lease=LEASE)]


def rows(services: Services) -> list[tuple[str, str | None, int]]:
    with services.database.transaction() as session:
        found = session.query(Action).order_by(Action.id)
        return [(each.state, each.reason, each.failures) for each in found]


def test_actions_wait_for_the_keys_without_failing_and_go_on_with_them(
    services: Services, sandbox: SandboxClient, account: AccountRecord
) -> None:
    with services.database.transaction() as session:
        for slug, name in (("wang-xiaoming", "王小明"), ("layla-haddad", "ليلى حداد")):
            builders.add_planned(session, account, builders.a_contact(session, account, slug, name=name))
    right = use(services, other_keys())
    for _ in range(MAX_FAILURES + 1):
        (action_id,) = due(services)
        assert perform_action(services, action_id) is Outcome.POSTPONED
        assert rows(services) == [(ActionState.PLANNED, Reason.NOT_SIGNED_IN, 0)] * 2
    with services.database.transaction() as session:
        assert set(session.scalars(select(Action.detail))) == {SESSION_UNREADABLE}
        assert dispatch.queue_due_actions(session, batch=10, lease=LEASE) == []  # the other one waits with it
        assert accounts.get_account(session, account.id).status is AccountStatus.ACTIVE
    use(services, right)
    (action_id,) = due(services)
    assert perform_action(services, action_id) is Outcome.DONE
    assert len(sandbox.ledger("demo")) == 1


def stored(database: Database, name: str, vault: Vault, state: str = "{}") -> int:
    """Add an account whose session was sealed by this vault."""
    with database.transaction() as session:
        account = builders.an_account(session, name)
        accounts.save_session(session, account.id, vault.seal(state))
    return account.id


def session_of(database: Database, account_id: int) -> bytes:
    with database.transaction() as session:
        return accounts.get_account(session, account_id).session or b""


@pytest.fixture
def locked(database: Database, database_url: str) -> Iterator[Services]:
    """Services whose keys don't open the session of the one account. They have no browser and no site."""
    stored(database, "demo", other_keys())
    key = Fernet.generate_key().decode()
    services = Services(
        Settings.model_construct(database_url=SecretStr(database_url), secret_keys=SecretStr(key))
    )
    yield services
    services.close()


def in_hand(services: Services) -> Claim:
    """Plan a greeting and take it to right before its click."""
    with services.database.transaction() as session:
        account = accounts.list_accounts(session)[0]
        action_id = builders.add_planned(session, account, builders.a_contact(session, account, "ann"))
    due(services)
    with services.database.transaction() as session:
        claim = claim_action(session, action_id)
        lifecycle.write_intent(session, claim)
    return claim


def test_what_may_have_been_sent_waits_to_be_looked_at(locked: Services) -> None:
    claim = in_hand(locked)
    with locked.database.transaction() as session:
        lifecycle.mark_uncertain(session, claim, reason=Reason.PROOF_MISSING, detail="x", wait=LEASE)
    for _ in range(MAX_FAILURES + 1):
        assert due(locked) == [claim.action_id]
        assert perform_action(locked, claim.action_id) is Outcome.UNCERTAIN
        assert rows(locked) == [(ActionState.UNCERTAIN, Reason.NOT_SIGNED_IN, 0)]
    with locked.database.transaction() as session:
        assert session.scalars(select(Action.looks)).all() == [0]  # nobody has looked


def test_a_campaign_that_is_to_read_its_site_ends_and_says_why(locked: Services) -> None:
    with locked.database.transaction() as session:
        account = accounts.list_accounts(session)[0]
        campaign_id = builders.a_campaign(session, account)
        session.execute(update(Campaign).values(state=CampaignState.READING))
    read_birthdays(locked, campaign_id)
    with locked.database.transaction() as session:
        campaign = campaigns.find_campaign(session, campaign_id)
        assert accounts.get_account(session, account.id).status is AccountStatus.ACTIVE
    assert campaign is not None
    assert (campaign.state, campaign.reason) == (CampaignState.FAILED, Reason.NOT_SIGNED_IN)
    assert campaign.detail == SESSION_UNREADABLE


def test_an_inbox_that_can_t_be_opened_is_left_for_later(
    locked: Services, capsys: pytest.CaptureFixture[str]
) -> None:
    claim = in_hand(locked)
    with locked.database.transaction() as session:
        lifecycle.record_effect(session, claim, status="sent", text="Hi!", screenshot=None)
    assert read_replies(locked, "demo") == 0
    assert "inbox_not_read" in capsys.readouterr().out
    with locked.database.transaction() as session:
        assert accounts.list_accounts(session)[0].status is AccountStatus.ACTIVE


def test_a_browser_worker_says_at_its_start_whose_session_its_keys_don_t_open(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    key = Fernet.generate_key().decode()
    stored(database, "ann", Vault(SecretStr(key)))
    stored(database, "bea", other_keys())
    settings = Settings.model_construct(database_url=SecretStr(database_url), secret_keys=SecretStr(key))
    monkeypatch.setattr(hooks, "get_settings", lambda: settings)
    monkeypatch.setitem(sys.modules, "celeryconfig", SimpleNamespace(BROWSER_QUEUES=("birthday", "visitor")))

    def start(*queues: str) -> str:
        amqp = SimpleNamespace(queues=SimpleNamespace(consume_from=dict.fromkeys(queues)))
        hooks.log_unopened_sessions(SimpleNamespace(app=SimpleNamespace(amqp=amqp)))
        return "".join(capsys.readouterr())

    said = start("birthday", "visitor")
    assert "sessions_not_opened" in said
    assert ("'bea'" in said, "'ann'" in said, SESSION_UNREADABLE in said) == (True, False, True)
    assert start("control", "celery") == ""


def test_sealing_anew_lets_the_old_key_go_and_leaves_alone_what_it_can_t_open(database: Database) -> None:
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    stored(database, "ann", Vault(SecretStr(old)))
    lost = stored(database, "bea", other_keys())
    with database.transaction() as session:
        builders.an_account(session, "cem")  # who never signed in
    before = session_of(database, lost)
    rotated = sessions.reseal_sessions(database, Vault(SecretStr(f"{new},{old}")))
    assert (rotated.sealed, rotated.unopened) == (1, ["bea"])
    assert sessions.list_unopened_accounts(database, Vault(SecretStr(new))) == ["bea"]
    assert session_of(database, lost) == before


def test_a_sign_in_meanwhile_is_not_overwritten_but_sealed_anew(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    account_id = stored(database, "ann", Vault(SecretStr(old)))
    really_seal = Vault.reseal

    def while_somebody_signs_in(vault: Vault, sealed: bytes) -> bytes:
        monkeypatch.setattr(Vault, "reseal", really_seal)
        with database.transaction() as session:
            accounts.save_session(session, account_id, Vault(SecretStr(old)).seal("fresh"))
        return vault.reseal(sealed)

    monkeypatch.setattr(Vault, "reseal", while_somebody_signs_in)
    assert sessions.reseal_sessions(database, Vault(SecretStr(f"{new},{old}"))).sealed == 1
    kept = Vault(SecretStr(new)).open(session_of(database, account_id))
    assert kept.get_secret_value() == "fresh"
