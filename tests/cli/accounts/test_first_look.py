"""`rapport account first-look`: what it shows, what an answer decides, and what `why` and `doctor` say."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import delete, update

from api_stub.checks.own_work import check_sites
from db.engine import Database
from db.store.actions import account_lease, claims, dispatch, lifecycle
from db.store.people import accounts, site_checks
from db.store.people.accounts import AccountRecord
from db.tables import Account, Contact, SiteCheck
from tasks.services import Services
from tests.builders import SANDBOX, a_contact, action, add_planned, an_account, needing_checks, prove_site
from tests.cli.conftest import Rapport
from tests.db.helpers import LEASE
from tests.tasks.scripted_site import ScriptedSite
from worker.errors import NeverError, Reason, StopAccountError
from worker.rules.messages.approval import approval_hash
from worker.rules.model import ThreadMessage
from worker.secrets import Vault
from worker.settings import Settings

TEXT = "Happy birthday, Ann!"
ANN = f"{SANDBOX}ann/"
MEMBER = f"{SANDBOX}ACoAAB123456789/"


@pytest.fixture
def site(environment: pytest.MonkeyPatch, tmp_path: Path) -> ScriptedSite:
    """A site whose pages must be proven, in memory. Ann's conversation shows the message."""
    needing_checks(environment, "sandbox")
    environment.setenv("RAPPORT_EVIDENCE_DIR", str(tmp_path))
    made = ScriptedSite()
    made.members[ANN] = MEMBER
    made.threads[ANN] = [ThreadMessage(outgoing=True, text=TEXT, at=None)]
    environment.setattr(Services, "open_site", lambda *_, **__: made)
    return made


@pytest.fixture
def account(database: Database, site: ScriptedSite) -> AccountRecord:
    with database.transaction() as session:
        account = an_account(session)
        accounts.save_session(session, account.id, Vault(Settings().required("secret_keys")).seal("{}"))
        prove_site(session, account.id, seen_live=False)
    return account


@pytest.fixture
def sent(database: Database, account: AccountRecord) -> UUID:
    """An approved greeting to Ann, sent and proven."""
    with database.transaction() as session:
        contact = a_contact(session, account, "ann")
        action_id = add_planned(session, account, contact, text=TEXT)
        row = action(session, action_id)
        row.needs_approval, row.approval = True, approval_hash(ANN, TEXT)
    with database.transaction() as session:
        dispatch.queue_due_actions(session, batch=1, lease=LEASE)
        claim = claims.claim_action(session, action_id, owner="worker", lease=LEASE)
        assert claim is not None
        assert lifecycle.write_intent(session, claim)
    with database.transaction() as session:
        assert lifecycle.record_effect(session, claim, status="sent", text=TEXT, screenshot=None)
    return action_id


def answer(environment: pytest.MonkeyPatch, typed: str) -> None:
    environment.setattr("sys.stdin", io.StringIO(f"{typed}\n"))


def is_supervised(database: Database) -> bool:
    with database.transaction() as session:
        account = an_account(session)
        return site_checks.is_supervised(session, account.id, account.site)


def gates_of(rapport: Rapport) -> Iterator[tuple[str, bool, str]]:
    for gate in json.loads(rapport("why", "demo", "--json"))["gates"]:
        yield gate["name"], gate["open"], gate["says"]


def test_a_typed_yes_lets_the_next_messages_go_out_by_themselves(
    database: Database,
    rapport: Rapport,
    environment: pytest.MonkeyPatch,
    sent: UUID,
) -> None:
    assert "look at the first message: `rapport account first-look demo`" in rapport("why", "demo")
    assert "waits for a person to look at its first message" in check_sites(database).detail
    answer(environment, "yes")
    said = rapport("account", "first-look", "demo")
    for shown in ("Ann", MEMBER, TEXT, "the page shows no time", "seen live: account demo now sends"):
        assert shown in said
    assert not is_supervised(database)
    assert ("first message", True) in [(name, is_open) for name, is_open, _ in gates_of(rapport)]
    assert "seen live already" in rapport.refused("account", "first-look", "demo")


def test_a_no_ends_sending_until_another_check(
    database: Database,
    rapport: Rapport,
    environment: pytest.MonkeyPatch,
    sent: UUID,
) -> None:
    answer(environment, "no")
    assert "nothing more is sent from account demo" in rapport("account", "first-look", "demo")
    (says,) = (says for name, is_open, says in gates_of(rapport) if name == "pages" and not is_open)
    assert says.startswith("recipient: drift (a person saw something else than what was sent), ")
    assert says.endswith(", ember en")
    assert "has sent nothing yet" in rapport.refused("account", "first-look", "demo")
    assert "demo sends nothing: recipient: drift" in check_sites(database).detail


@pytest.mark.parametrize("typed", ["", "y", "perhaps"])
def test_anything_else_decides_nothing(
    database: Database, rapport: Rapport, environment: pytest.MonkeyPatch, sent: UUID,
    typed: str,
) -> None:  # fmt: skip
    answer(environment, typed)
    code, _, err = rapport.code("account", "first-look", "demo")
    assert code == 1
    assert "nothing was decided" in err
    assert is_supervised(database)


def test_json_shows_and_decides_nothing(database: Database, rapport: Rapport, sent: UUID) -> None:
    shown = json.loads(rapport("account", "first-look", "demo", "--json"))
    assert (shown["action_id"], shown["contact"]) == (str(sent), "Ann")
    assert (shown["seen"]["recipient"], shown["seen"]["text"], shown["seen"]["copies"]) == (MEMBER, TEXT, 1)
    assert is_supervised(database)


def test_a_message_that_the_conversation_does_not_show_is_not_confirmed(
    database: Database, rapport: Rapport, environment: pytest.MonkeyPatch, site: ScriptedSite,
    sent: UUID,
) -> None:  # fmt: skip
    site.threads[ANN] = [ThreadMessage(outgoing=False, text=TEXT, at=None)]
    answer(environment, "yes")
    code, out, err = rapport.code("account", "first-look", "demo")
    assert code == 1
    assert "this message is not there" in out
    assert "does not show the message" in err
    assert is_supervised(database)


def test_somebody_elses_conversation_is_refused_and_a_wall_stops_the_account(
    database: Database, rapport: Rapport, site: ScriptedSite, account: AccountRecord, sent: UUID
) -> None:
    site.opens_as[ANN] = f"{SANDBOX}eve/"
    assert "somebody else's" in rapport.refused("account", "first-look", "demo")
    site.fail("open", StopAccountError(Reason.CHALLENGE, "the site shows a challenge"))
    assert "the site shows a challenge" in rapport.refused("account", "first-look", "demo")
    with database.transaction() as session:
        row = session.get_one(Account, account.id)
        assert (row.stop_reason, row.inbox_lease_until) == (Reason.CHALLENGE, None)
    assert "account demo is stopped" in rapport.refused("account", "first-look", "demo")


def test_a_conversation_that_is_gone_is_passed_over_and_the_next_message_is_the_one_to_look_at(
    database: Database, rapport: Rapport, site: ScriptedSite, sent: UUID
) -> None:
    site.fail("open", NeverError(Reason.PROFILE_GONE, "the page no longer exists"))
    assert "first-look demo --pass-over" in rapport.refused("account", "first-look", "demo")
    assert "is the one to look at" in rapport("account", "first-look", "demo", "--pass-over")
    assert "has sent nothing yet" in rapport.refused("account", "first-look", "demo")
    assert is_supervised(database)


def test_what_cannot_be_looked_at_is_said(
    database: Database, rapport: Rapport, environment: pytest.MonkeyPatch, account: AccountRecord
) -> None:
    assert "has sent nothing yet" in rapport.refused("account", "first-look", "demo")
    environment.setattr("api_stub.cli.accounts.first_look.needs_check", lambda _: False)
    assert "where nobody has to look first" in rapport.refused("account", "first-look", "demo")


def test_while_a_worker_uses_the_account_nothing_is_opened(
    database: Database, rapport: Rapport, site: ScriptedSite, account: AccountRecord, sent: UUID
) -> None:
    with database.transaction() as session:
        assert account_lease.take_account(session, account.id, lease=LEASE)
    assert "a worker uses account demo" in rapport.refused("account", "first-look", "demo")
    assert site.steps == []


def test_before_a_check_why_and_doctor_name_what_is_missing(
    database: Database, rapport: Rapport, account: AccountRecord
) -> None:
    with database.transaction() as session:
        add_planned(session, account, a_contact(session, account, "ann"), text=TEXT)
        session.execute(delete(SiteCheck))
    assert ("pages", False, "recipient: never checked") in list(gates_of(rapport))
    assert "selectors check demo --profile ADDRESS --compose" in rapport("why", "demo")
    forecast = rapport("forecast", "demo")
    assert "nothing is sent before you check the site's pages" in forecast
    assert "each greeting waits for your approval" in forecast
    found = check_sites(database)
    assert (found.ok, found.is_warning) == (True, True)
    assert "account demo sends nothing: recipient: never checked" in found.detail
    with database.transaction() as session:
        session.execute(update(Contact).values(do_not_contact=True))
        prove_site(session, account.id)
    assert check_sites(database).is_warning is False
