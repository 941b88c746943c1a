"""`rapport campaign birthday`, with the tasks in this process in place of a worker."""

import json
import re
from datetime import timedelta

import pytest

from api_stub.cli.campaigns import start
from api_stub.client import TaskClient
from db.engine import Database
from db.store.actions import control
from db.store.campaigns import campaigns
from db.store.kill_switch import pull_kill_switch
from db.store.people import accounts
from tasks.campaigns.start import start_campaign
from tasks.contract import BirthdayCampaign
from tests.builders import a_contact, an_account, database_now
from tests.cli.conftest import Rapport
from worker import logs
from worker.errors import Reason
from worker.rules.wording.reasons import describe_reason


@pytest.fixture
def people(database: Database) -> None:
    """Ann's birthday is today, Bob's was two days ago, Eve is do-not-contact, and 🎉 has no name."""
    with database.transaction() as session:
        account = an_account(session)
        today = database_now(session).date()
        a_contact(session, account, "ann", name="Ann Smith", birthday=today)
        a_contact(session, account, "bob", name="Bob", birthday=today - timedelta(days=2))
        a_contact(session, account, "eve", birthday=today).do_not_contact = True
        a_contact(session, account, "party", name="🎉", birthday=today)
        a_contact(session, account, "far", birthday=today + timedelta(days=40))


@pytest.fixture
def worker(database: Database, monkeypatch: pytest.MonkeyPatch, consumers: None) -> list[BirthdayCampaign]:
    """Plan published campaigns at once; return the requests."""
    asked: list[BirthdayCampaign] = []

    def send(_: TaskClient, __: str, payload: BirthdayCampaign, *, correlation_id: str) -> str:
        asked.append(payload)
        assert payload.campaign_id is not None
        with database.transaction() as session, logs.bound(correlation_id=correlation_id):
            start_campaign(session, account=payload.account, campaign_id=payload.campaign_id, options=payload)
            if payload.read_site:
                campaigns.mark_failed(
                    session, payload.campaign_id, Reason.NOT_SIGNED_IN, "nobody has signed in"
                )
        return "id"

    monkeypatch.setattr(TaskClient, "send", send)
    return asked


def test_the_correlation_id_is_the_campaigns_and_each_answer_prints_it(
    rapport: Rapport, people: None, worker: list[BirthdayCampaign], environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("RAPPORT_LOG_COMMAND", "rapport logs --correlation ID")
    said = rapport("campaign", "birthday", "demo", "--no-read-site", "--json")
    started = json.loads(said[said.index("\n{") :])  # after the lines of the worker
    assert started["correlation_id"] == started["campaign_id"]
    action = started["actions"][0]["id"]
    hint = f"logs --correlation {started['campaign_id']}"
    assert hint in rapport("campaign", "show", started["campaign_id"])
    assert hint in rapport("why", action)
    assert started["campaign_id"] in rapport("actions", "show", action)
    assert json.loads(rapport("why", action, "--json"))["correlation_id"] == started["campaign_id"]


def test_a_dry_run_shows_who_gets_what_and_why_others_get_nothing(
    rapport: Rapport, people: None, worker: list[BirthdayCampaign], database: Database
) -> None:
    said = rapport("campaign", "birthday", "demo", "--dry-run", "--no-read-site")
    assert "Ann" in said
    assert describe_reason(Reason.DO_NOT_CONTACT) in said
    assert describe_reason(Reason.NO_NAME) in said
    assert "no word of it can be a name; rapport contacts call party NAME" in said
    assert re.search(r"about \d+ [A-Z][a-z]{2} \d\d:\d\d UTC", said)
    assert "Far" not in said
    assert "nothing was planned or sent" in said
    assert worker[0].dry_run
    assert rapport("actions", "list").startswith("no actions")


def test_a_campaign_shows_its_plan_and_a_second_one_that_all_is_planned(
    rapport: Rapport, people: None, worker: list[BirthdayCampaign], database: Database
) -> None:
    signed_in(database)
    preview = rapport("campaign", "birthday", "demo", "--no-read-site", "--dry-run", "--late-days", "1")
    assert preview.endswith("nothing was planned or sent; to do it, omit --dry-run\n")
    said = rapport("campaign", "birthday", "demo", "--no-read-site", "--late-days", "1")
    assert "1 planned, 2 skipped" in said or "2 skipped, 1 planned" in said
    assert "Bob" not in said
    assert "rapport why demo" in said
    again = rapport("campaign", "birthday", "demo", "--no-read-site", "--late-days", "1")
    assert "already planned" in again
    preview = rapport("campaign", "birthday", "demo", "--no-read-site", "--dry-run", "--late-days", "1")
    assert "planned already" in preview
    assert preview.endswith("nothing was planned or sent\n")


def test_with_approval_it_says_who_waits_for_whom(
    rapport: Rapport, people: None, worker: list[BirthdayCampaign]
) -> None:
    said = rapport("campaign", "birthday", "demo", "--no-read-site", "--approval")
    assert "2 proposed" in said
    assert "rapport review" in said


def signed_in(database: Database) -> None:
    with database.transaction() as session:
        accounts.save_session(session, an_account(session).id, b"sealed")


def test_what_cannot_be_done_is_said_in_one_line(
    rapport: Rapport, people: None, worker: list[BirthdayCampaign], database: Database
) -> None:
    assert "there is no account called 'nobody'" in rapport.refused("campaign", "birthday", "nobody")
    refused = rapport.refused("campaign", "birthday", "demo", "--fallback-language", "English")
    assert refused.startswith("fallback_language:")
    assert "nothing was started: account demo has not signed in yet" in rapport.refused(
        "campaign", "birthday", "demo"
    )
    signed_in(database)
    code, _, err = rapport.code("campaign", "birthday", "demo")
    assert code == 1
    assert "could not be planned" in err


def test_busy_workers_are_not_waited_for_for_minutes(
    rapport: Rapport, people: None, database: Database, consumers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed_in(database)
    monkeypatch.setattr(start, "PLAN_TIMEOUT", timedelta(0))
    said = rapport.refused("campaign", "birthday", "demo", "--no-read-site")
    assert "is not planned yet: the workers are busy" in said
    assert "continues by itself" in said


@pytest.mark.parametrize(
    ("command", "idle"),
    [
        (("campaign", "birthday", "demo", "--dry-run"), "control and birthday"),
        (("campaign", "birthday", "demo", "--dry-run", "--no-read-site"), "control"),
        (("campaign", "visitor", "demo", "--not-seen-months", "3"), "control"),
        (("invitations", "list", "demo"), "control and visitor"),
    ],
)
def test_without_workers_nothing_is_started_and_it_says_so_at_once(
    rapport: Rapport, people: None, database: Database, command: tuple[str, ...], idle: str
) -> None:
    signed_in(database)
    assert rapport.refused(*command) == (
        f"nothing was started: no worker takes messages of {idle}; check with `rapport doctor`"
    )


def test_with_redis_away_nothing_is_started_and_it_says_so_at_once(
    rapport: Rapport, people: None, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    said = rapport.refused("campaign", "birthday", "demo", "--no-read-site", exit_code=3)
    assert said.startswith("Redis doesn't answer at 127.0.0.1:1, so nothing was started.")


@pytest.mark.parametrize("command", [("campaign", "birthday", "demo"), ("invitations", "list", "demo")])
@pytest.mark.parametrize(
    ("halt", "says"),
    [
        (
            "kill switch",
            "the kill switch is on: nothing is read or sent; to resume: `rapport resume-everything`",
        ),
        ("paused", "account demo is paused; to resume: `rapport account resume demo`"),
        ("stopped", "account demo is stopped: the site showed a limit page; check the account on the site, "),
    ],
)
@pytest.mark.usefixtures("people", "consumers")
def test_what_stops_the_account_is_said_instead_of_waiting(
    rapport: Rapport, database: Database, command: tuple[str, ...], halt: str, says: str
) -> None:
    signed_in(database)
    stop(database, halt)
    assert rapport.refused(*command).startswith(f"nothing was started: {says}")


def stop(database: Database, halt: str) -> None:
    with database.transaction() as session:
        account = an_account(session)
        if halt == "kill switch":
            pull_kill_switch(session, "ops@host")
        elif halt == "paused":
            control.pause_account(session, account.id)
        else:
            accounts.stop_account(session, account.id, Reason.LIMIT_PAGE)


def test_a_switch_that_is_pulled_meanwhile_ends_the_wait(
    rapport: Rapport, people: None, database: Database, consumers: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed_in(database)
    monkeypatch.setattr(start, "_CHECK_INTERVAL", timedelta(0))
    monkeypatch.setattr(TaskClient, "send", lambda *_, **__: stop(database, "kill switch"))
    said = rapport.refused("campaign", "birthday", "demo")
    assert "is not planned yet: the kill switch is on" in said
    assert "continues by itself" in said


def test_a_plan_that_needs_no_site_is_made_while_the_account_is_stopped_and_says_so_first(
    rapport: Rapport, people: None, worker: list[BirthdayCampaign], database: Database
) -> None:
    stop(database, "stopped")
    said = rapport("campaign", "birthday", "demo", "--no-read-site", "--dry-run")
    assert said.startswith("account demo is stopped: the site showed a limit page; ")
    assert said.endswith("nothing was planned or sent\n")
