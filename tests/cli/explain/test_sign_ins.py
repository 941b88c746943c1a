"""Since when an account is signed in, and a word before that ends."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from api_stub.checks.own_work import check_sign_ins
from db.engine import Database
from db.store.people import accounts
from db.tables import Account
from tests.builders import an_account
from tests.cli.conftest import Rapport
from worker.errors import Reason
from worker.rules.sites.sign_ins import Expiry, judge_expiry
from worker.secrets import Vault
from worker.settings import Settings

NOW = datetime(2026, 11, 28, tzinfo=UTC)


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (timedelta(days=7, seconds=1), Expiry.LATER),
        (timedelta(days=7), Expiry.SOON),
        (timedelta(seconds=1), Expiry.SOON),
        (timedelta(0), Expiry.OVER),
        (timedelta(days=-1), Expiry.OVER),
    ],
)
def test_a_week_before_it_expires_soon(left: timedelta, expected: Expiry) -> None:
    assert judge_expiry(NOW + left, NOW) is expected
    assert judge_expiry(None, NOW) is Expiry.UNKNOWN


def sign_in(database: Database, left: timedelta, name: str = "demo") -> int:
    expires = datetime.now(UTC) + left  # noqa: TID251 -- compared with the database's clock
    with database.transaction() as session:
        account = an_account(session, name)
        sealed = Vault(Settings().required("secret_keys")).seal("{}")
        accounts.save_session(session, account.id, sealed, expires_at=expires)
    return account.id


SOON, OVER = "the sign-in of account demo expires soon: ", "the sign-in of account demo expired "
AGAIN = "sign in again: `rapport account sign-in demo`"


@pytest.mark.parametrize(
    ("left", "says"),
    [(timedelta(days=6), SOON), (timedelta(hours=-1), OVER), (timedelta(days=8), None)],
)
def test_it_is_the_first_line_where_people_look(
    database: Database, rapport: Rapport, left: timedelta, says: str | None
) -> None:
    sign_in(database, left)
    for command in (("why", "demo"), ("summary",)):
        first = rapport(*command).splitlines()[0]
        assert ("the sign-in of" in first) == (says is not None), first
        if says is not None:
            assert first.startswith(says)
            assert first.endswith(AGAIN)
    sign_in(database, timedelta(days=90), "other")
    assert "the sign-in of" not in rapport("why", "other")


def test_lists_and_why_say_since_when_and_until_when(database: Database, rapport: Rapport) -> None:
    with database.transaction() as session:
        an_account(session, "never")
    account_id = sign_in(database, timedelta(days=400))
    (listed,) = (line for line in rapport("account", "list").splitlines() if line.startswith("demo"))
    assert ("since " in listed, ", expires " in listed) == (True, True)
    assert "sign-in\tpass\tsigned in since " in rapport("why", "demo")
    found = {each["name"]: each for each in json.loads(rapport("account", "list", "--json"))}
    assert found["demo"]["signed_in_since"] < found["demo"]["session_expires_at"]
    assert found["never"]["session_expires_at"] is None
    with database.transaction() as session:  # signed in by an earlier version
        blank = {"session_proven_at": None, "session_expires_at": None}
        session.execute(update(Account).where(Account.id == account_id).values(blank))
    assert "\tyes\t" in rapport("account", "list")
    assert "sign-in\tpass\tsigned in\n" in rapport("why", "demo")


def test_a_stopped_account_says_only_why_it_is_stopped(database: Database, rapport: Rapport) -> None:
    account_id = sign_in(database, timedelta(hours=-1))
    with database.transaction() as session:
        accounts.stop_account(session, account_id, Reason.NOT_SIGNED_IN)
    assert "account demo is stopped" in rapport("why", "demo").splitlines()[0]
    assert "the sign-in of" not in rapport("why", "demo")


def test_doctor_warns_before_and_fails_after(database: Database, rapport: Rapport) -> None:
    sign_in(database, timedelta(days=30))
    assert check_sign_ins(database).ok
    assert not check_sign_ins(database).is_warning
    sign_in(database, timedelta(days=2), "bea")
    soon = check_sign_ins(database)
    assert (soon.ok, soon.is_warning, soon.detail.startswith("bea expires soon: ")) == (True, True, True)
    sign_in(database, timedelta(days=-2), "cem")
    over = check_sign_ins(database)
    assert (over.ok, over.is_warning, "cem expired " in over.detail) == (False, False, True)
