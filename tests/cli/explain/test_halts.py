"""What stops an account is the first line everywhere, and the command it ends in is accepted."""

import re
import shlex
from uuid import UUID

import pytest

from api_stub.cli.watch.follow import follow
from api_stub.cli.watch.view import OutlookReader, read_view
from db.engine import Database
from db.store.actions import control
from db.store.kill_switch import get_kill_switch, pull_kill_switch
from db.store.people import accounts
from db.store.reports import overview
from tests.builders import TEN, a_campaign, a_contact, add_planned, an_account
from tests.cli.conftest import Rapport
from worker.errors import Reason
from worker.rules.model import AccountStatus
from worker.secrets import Vault
from worker.settings import Settings

SAYS = {
    "kill switch": "the kill switch is on: nothing is read or sent; to resume: `rapport resume-everything`",
    "paused": "account demo is paused; to resume: `rapport account resume demo`",
    "stopped": "account demo is stopped: the site asks for proof that you are human; check the account on "
    "the site, then sign in: `rapport account sign-in demo`",
    "all": "the kill switch is on: nothing is read or sent; to resume: `rapport resume-everything`",
}


@pytest.fixture
def campaign(database: Database, rapport: Rapport) -> UUID:
    """A signed-in account with a planned greeting."""
    with database.transaction() as session:
        account = an_account(session)
        accounts.save_session(session, account.id, Vault(Settings().required("secret_keys")).seal("{}"))
        campaign_id = a_campaign(session, account)
        add_planned(session, account, a_contact(session, account, "ann"), campaign_id=campaign_id)
        return campaign_id


def stop(database: Database, halt: str) -> None:
    with database.transaction() as session:
        account = an_account(session)
        if halt in {"kill switch", "all"}:
            pull_kill_switch(session, "ops@host")
        if halt == "paused":
            control.pause_account(session, account.id)
        if halt in {"stopped", "all"}:
            accounts.stop_account(session, account.id, Reason.CHALLENGE)


@pytest.mark.parametrize("halt", SAYS)
def test_it_is_the_first_line_of_all_that_tells_how_things_stand(
    database: Database, rapport: Rapport, campaign: UUID, halt: str
) -> None:
    commands = (
        ("summary",), ("summary", "demo"), ("why", "demo"), ("why", "ann"), ("campaign", "list"),
        ("campaign", "show", str(campaign)), ("review",), ("review", "--list", "--account", "demo"),
        ("forecast", "demo"), ("quota", "show", "demo"), ("actions", "list"),
    )  # fmt: skip
    before = {command: rapport.code(*command)[1].splitlines()[:1] for command in commands}
    stop(database, halt)
    for command in commands:
        first = rapport.code(*command)[1].splitlines()[0]
        assert (first, command) == (SAYS[halt], command)
        assert before[command] != [first]


@pytest.mark.parametrize("halt", SAYS)
def test_following_the_hints_of_why_lets_the_account_go_on(
    database: Database, rapport: Rapport, campaign: UUID, halt: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAPPORT_SANDBOX_URL", "http://127.0.0.1:1")
    monkeypatch.setattr("api_stub.cli.accounts.sign_in._sign_in_to_sandbox", lambda *_: '{"cookies": []}')
    stop(database, halt)
    followed = []
    while "`" in (step := rapport("why", "demo").splitlines()[-1]):
        (hint,) = re.findall(r"`rapport ([^`]+)`", step)
        rapport(*shlex.split(hint))  # it is accepted
        followed.append(hint)
        assert len(followed) <= len(SAYS), followed
    with database.transaction() as session:
        assert get_kill_switch(session) is None
        assert accounts.get_account(session, an_account(session).id).status is AccountStatus.ACTIVE
    assert "is greeted about" in step


def test_an_account_that_can_t_sign_in_is_not_told_to_sign_in(database: Database, rapport: Rapport) -> None:
    with database.transaction() as session:
        an_account(session, "mine", limits=TEN)
    for status in (AccountStatus.ACTIVE, AccountStatus.STOPPED):
        if status is AccountStatus.STOPPED:
            with database.transaction() as session:
                account = an_account(session, "mine", limits=TEN)
                accounts.stop_account(session, account.id, Reason.NOT_SIGNED_IN)
        said = rapport("why", "mine")
        assert "the practice network has no member called mine, only demo and demo2" in said.splitlines()[0]
        assert "sign-in mine" not in said


def test_a_campaign_s_list_says_how_far_each_has_come(
    database: Database, rapport: Rapport, campaign: UUID
) -> None:
    with database.transaction() as session:
        account = an_account(session)
        made = {name: a_campaign(session, account) for name in ("empty", "dry")}
        bob = a_contact(session, account, "bob")
        made["finished"] = a_campaign(session, account)
        add_planned(session, account, bob, campaign_id=made["finished"])
        session.connection().exec_driver_sql("set local session_replication_role = replica")
        run = session.connection().exec_driver_sql
        run("update campaigns set state = 'planned'")
        run("""update campaigns set options = options || '{"dry_run": true}' where id = %s""", (made["dry"],))
        run("update actions set state = 'done' where campaign_id = %s", (made["finished"],))
    lines = {line.split()[0]: line for line in rapport("campaign", "list").splitlines()}
    expected = {"empty": "nothing to do", "dry": "dry run", "finished": "finished"}
    for name, progress in expected.items():
        assert progress in lines[str(made[name])[:8]]
        assert f"birthday campaign of demo: {progress}" in rapport("campaign", "show", str(made[name]))
    assert "running" in lines[str(campaign)[:8]]


def test_an_account_that_the_site_signed_out_has_one_truth(
    database: Database, rapport: Rapport, campaign: UUID
) -> None:
    assert "sign-in\tpass" in rapport("why", "demo")
    with database.transaction() as session:
        accounts.stop_account(session, an_account(session).id, Reason.NOT_SIGNED_IN)
    said = rapport("why", "demo")
    assert "account\tstop" in said
    assert "sign-in\tstop\tthe site no longer accepts the stored session" in said


def test_without_a_terminal_too_watching_says_what_stops_everything(
    database: Database, campaign: UUID, capsys: pytest.CaptureFixture[str]
) -> None:
    stop(database, "kill switch")
    with database.transaction() as session:
        account = an_account(session)
        lines = overview.list_account_actions(session, account.id)
        view = read_view(session, None, account, [], lines, outlook=OutlookReader())
    follow(lambda: view, lambda _: True)
    first, *others = capsys.readouterr().out.splitlines()
    assert first == SAYS["kill switch"]
    assert len(others) == len(lines) == 1


def test_while_rapport_does_not_run_nothing_is_said_of_redis(
    database: Database, rapport: Rapport, campaign: UUID, environment: pytest.MonkeyPatch
) -> None:
    for module, words in (("quota.commands", ("quota", "show", "demo")), ("explain.why", ("why", "demo"))):
        environment.setattr(f"api_stub.cli.{module}.find_redis", lambda _: None)
        said = rapport(*words)
        assert "because Rapport isn't running" in said
        assert "Redis does not answer" not in said
