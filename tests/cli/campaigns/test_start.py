"""`rapport campaign birthday`, with the tasks in this process in place of a worker."""

import re
from datetime import timedelta
from typing import Any

import pytest

from api_stub.cli.campaigns import start
from api_stub.cli.formatting import describe_reason
from api_stub.client import TaskClient
from db.engine import Database
from db.store.campaigns import campaigns
from tasks.campaigns.start import start_campaign
from tasks.contract import BirthdayCampaign
from tests.builders import a_contact, an_account, database_now
from tests.cli.conftest import Rapport
from worker import logs
from worker.errors import Reason


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
def worker(database: Database, monkeypatch: pytest.MonkeyPatch) -> list[BirthdayCampaign]:
    """Plan published campaigns at once; return the requests."""
    asked: list[BirthdayCampaign] = []

    def send(_: TaskClient, __: str, payload: BirthdayCampaign, **___: Any) -> str:
        asked.append(payload)
        assert payload.campaign_id is not None
        with database.transaction() as session, logs.bound(correlation_id="test"):
            start_campaign(session, account=payload.account, campaign_id=payload.campaign_id, options=payload)
            if payload.read_site:
                campaigns.mark_failed(
                    session, payload.campaign_id, Reason.NOT_SIGNED_IN, "nobody has signed in"
                )
        return "id"

    monkeypatch.setattr(TaskClient, "send", send)
    return asked


def test_a_dry_run_shows_who_gets_what_and_why_others_get_nothing(
    rapport: Rapport, people: None, worker: list[BirthdayCampaign], database: Database
) -> None:
    said = rapport("campaign", "birthday", "demo", "--dry-run", "--no-read-site")
    assert "Ann" in said
    assert describe_reason(Reason.DO_NOT_CONTACT) in said
    assert describe_reason(Reason.NO_NAME) in said
    assert re.search(r"about \d+ [A-Z][a-z]{2} \d\d:\d\d UTC", said)
    assert "Far" not in said
    assert "nothing was planned or sent" in said
    assert worker[0].dry_run
    assert rapport("actions", "list").startswith("no actions")


def test_a_campaign_shows_its_plan_and_a_second_one_that_all_is_planned(
    rapport: Rapport, people: None, worker: list[BirthdayCampaign]
) -> None:
    said = rapport("campaign", "birthday", "demo", "--no-read-site", "--late-days", "1")
    assert "1 planned, 2 skipped" in said or "2 skipped, 1 planned" in said
    assert "Bob" not in said
    assert "rapport why demo" in said
    again = rapport("campaign", "birthday", "demo", "--no-read-site", "--late-days", "1")
    assert "planned already" in again
    preview = rapport("campaign", "birthday", "demo", "--no-read-site", "--dry-run")
    assert "planned already" in preview


def test_with_approval_it_says_who_waits_for_whom(
    rapport: Rapport, people: None, worker: list[BirthdayCampaign]
) -> None:
    said = rapport("campaign", "birthday", "demo", "--no-read-site", "--approval")
    assert "2 proposed" in said
    assert "rapport review" in said


def test_what_cannot_be_done_is_said_in_one_line(
    rapport: Rapport, people: None, worker: list[BirthdayCampaign]
) -> None:
    assert "there is no account called 'nobody'" in rapport.refused("campaign", "birthday", "nobody")
    refused = rapport.refused("campaign", "birthday", "demo", "--fallback-language", "English")
    assert refused.startswith("fallback_language:")
    code, _, err = rapport.code("campaign", "birthday", "demo")
    assert code == 1
    assert "could not be planned" in err


def test_without_workers_it_says_so_and_what_to_do(
    rapport: Rapport, people: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start, "PLAN_TIMEOUT", timedelta(0))
    said = rapport.refused("campaign", "birthday", "demo", "--no-read-site")
    assert "no worker has taken it" in said
    assert "rapport up" in said
