"""Keys: creating them, errors for wrong ones, and rotating them."""

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import func, update

from api_stub.checks.servers import check_secret_keys
from db.engine import Database
from db.store.people import accounts
from db.tables import Action
from tests.builders import a_contact, add_planned, an_account
from tests.cli.conftest import Rapport
from worker.errors import Reason
from worker.rules.policy import KEYS_RETRY_WAIT
from worker.secrets import SESSION_UNREADABLE, Vault

OLD, NEW, OTHER = (Fernet.generate_key().decode() for _ in range(3))


def signed_in(database: Database, name: str, key: str) -> None:
    with database.transaction() as session:
        account = an_account(session, name)
        accounts.save_session(session, account.id, Vault(SecretStr(key)).seal("{}"))
        add_planned(session, account, a_contact(session, account, f"friend-of-{name}"))


def opens(database: Database, name: str, key: str) -> bool:
    with database.transaction() as session:
        account = accounts.find_account(session, name)
    assert account is not None
    return Vault(SecretStr(key)).can_open(account.session or b"")


def test_a_new_key_is_one(rapport: Rapport) -> None:
    Vault(SecretStr(rapport("secrets", "new-key").strip()))


def test_rotated_sessions_need_the_old_key_no_more(
    database: Database, rapport: Rapport, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("RAPPORT_SECRET_KEYS", f"{NEW},{OLD}")
    signed_in(database, "ann", OLD)
    said = rapport("secrets", "rotate")
    assert "1 session is encrypted with the first key" in said
    assert "the keys behind the first one are no longer needed" in said
    assert opens(database, "ann", NEW)
    signed_in(database, "bea", OTHER)
    code, said, _ = rapport.code("secrets", "rotate")
    assert code == 4
    assert f"account bea: {SESSION_UNREADABLE}" in said
    assert "keep the old keys" in said
    assert opens(database, "bea", OTHER)


@pytest.mark.parametrize(
    "command", [("worker", "browser"), ("account", "sign-in", "ann"), ("secrets", "rotate")]
)
def test_what_are_no_keys_is_one_line_at_the_start(
    rapport: Rapport, environment: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    environment.setenv("RAPPORT_SECRET_KEYS", "no-key-at-all")
    for start in ("os.execv", "worker.app.run_worker"):
        environment.setattr(start, lambda *_: pytest.fail("it has started"))
    said = rapport.refused(*command)
    assert said == "RAPPORT_SECRET_KEYS must hold Fernet keys; `rapport secrets new-key` prints one."


def test_why_and_the_doctor_say_that_the_keys_don_t_open_a_session(
    database: Database, rapport: Rapport, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("RAPPORT_SECRET_KEYS", OLD)
    signed_in(database, "ann", OLD)
    assert "signed in" in rapport("why", "ann")
    assert check_secret_keys(SecretStr(OLD), database).ok
    environment.setenv("RAPPORT_SECRET_KEYS", OTHER)
    said = " ".join(rapport("why", "ann").split())
    assert f"sign-in stop {SESSION_UNREADABLE}" in said
    assert "next: restore the right RAPPORT_SECRET_KEYS" in said
    found = check_secret_keys(SecretStr(OTHER), database)
    assert (found.ok, found.detail) == (False, "they can't decrypt the session of ann")
    assert "RAPPORT_SECRET_KEYS" in found.advice
    environment.setenv("RAPPORT_SECRET_KEYS", "no-key-at-all")
    assert "sign-in stop RAPPORT_SECRET_KEYS must hold Fernet keys" in " ".join(rapport("why", "ann").split())
    assert not check_secret_keys(SecretStr("no-key-at-all"), database).ok
    assert check_secret_keys(None, database).ok  # as in containers that don't need them


def test_why_says_what_a_worker_found_whose_keys_are_others(
    database: Database, rapport: Rapport, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("RAPPORT_SECRET_KEYS", OLD)
    signed_in(database, "ann", OLD)
    waits = {
        "reason": Reason.NOT_SIGNED_IN,
        "detail": SESSION_UNREADABLE,
        "not_before": func.now() + KEYS_RETRY_WAIT,
    }
    with database.transaction() as session:
        session.execute(update(Action).values(waits))
    assert f"the account is not signed in ({SESSION_UNREADABLE})" in " ".join(rapport("why", "ann").split())


def test_a_sign_in_says_that_it_replaces_a_session_that_can_t_be_opened(
    database: Database, rapport: Rapport
) -> None:
    signed_in(database, "demo", OTHER)
    code, said, err = rapport.code("account", "sign-in", "demo")
    assert (code, SESSION_UNREADABLE in said) == (1, True)
    assert "RAPPORT_SANDBOX_URL is not set" in err
