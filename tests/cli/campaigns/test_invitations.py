"""`rapport invitations`, with the planning in this process in place of a worker."""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from api_stub.client import TaskClient
from db.engine import Database
from db.store.campaigns import campaigns
from db.store.people import accounts
from tasks.campaigns.plan_invitations import read_invitations
from tasks.campaigns.start import start_campaign
from tasks.contract import INVITATIONS_CAMPAIGN, InvitationsCampaign
from tasks.services import Services
from tests.builders import SANDBOX, an_account
from tests.cli.conftest import Rapport
from worker import logs
from worker.browser.ledger import LedgerSite
from worker.browser.site import PageProgress, ignore_progress
from worker.rules.model import SentInvitation
from worker.secrets import Vault
from worker.settings import Settings

DAYS = {"young": 3, "enough": 30, "older": 90, "oldest": 200}


class Invited(LedgerSite):
    """A site with four sent invitations, or none."""

    people: Sequence[str] = tuple(DAYS)

    def sent_invitations(
        self, today: date, on_page: PageProgress = ignore_progress
    ) -> Sequence[SentInvitation]:
        on_page(1, len(self.people))
        return [
            SentInvitation(f"{SANDBOX}{slug}/", slug.title(), today - timedelta(days=DAYS[slug]))
            for slug in self.people
        ]


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Invited:
    site = Invited(tmp_path)
    monkeypatch.setattr(Services, "open_site", lambda *_, **__: site)
    return site


@pytest.fixture
def worker(
    database: Database, site: Invited, environment: None, monkeypatch: pytest.MonkeyPatch, consumers: None
) -> list[InvitationsCampaign]:
    """Read and plan published campaigns at once; return the requests."""
    with database.transaction() as session:
        sealed = Vault(Settings().required("secret_keys")).seal("{}")
        accounts.save_session(session, an_account(session).id, sealed)
    services = Services(Settings())
    vars(services)["database"] = database
    asked: list[InvitationsCampaign] = []

    def send(_: TaskClient, task: str, payload: InvitationsCampaign, **__: Any) -> str:
        assert task == INVITATIONS_CAMPAIGN
        asked.append(payload)
        assert payload.campaign_id is not None
        with database.transaction() as session, logs.bound(correlation_id="test"):
            start_campaign(session, account=payload.account, campaign_id=payload.campaign_id, options=payload)
        read_invitations(services, payload.campaign_id)
        return "id"

    monkeypatch.setattr(TaskClient, "send", send)
    return asked


def test_each_page_that_is_read_is_reported(
    rapport: Rapport, worker: list[InvitationsCampaign], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(campaigns, "report_reading", lambda _session, _id, progress: told.append(progress))
    rapport("invitations", "list", "demo")
    assert told == ["page 1 is read, 4 found so far"]


def test_the_list_shows_all_the_oldest_first_and_plans_nothing(
    rapport: Rapport, worker: list[InvitationsCampaign]
) -> None:
    said = rapport("invitations", "list", "demo")
    assert said.index("Oldest") < said.index("Older") < said.index("Enough") < said.index("Young")
    assert "200" in said
    assert "4 invitations" in said
    assert worker[0].dry_run
    assert rapport("actions", "list").startswith("no actions")


def test_an_empty_list_says_so(rapport: Rapport, worker: list[InvitationsCampaign], site: Invited) -> None:
    site.people = ()
    assert "no invitation is waiting" in rapport("invitations", "list", "demo")


def test_a_dry_run_says_what_becomes_of_each(rapport: Rapport, worker: list[InvitationsCampaign]) -> None:
    said = rapport("invitations", "withdraw", "demo", "--limit", "2", "--dry-run")
    fates = {line.split("\t")[0]: line for line in said.splitlines() if "\t" in line}
    assert "would be withdrawn" in fates["Oldest"]
    assert "would be withdrawn" in fates["Older"]
    assert "more than the limit" in fates["Enough"]
    assert "too recent" in fates["Young"]
    assert "nothing was planned or withdrawn" in said
    assert rapport("actions", "list").startswith("no actions")


def test_withdrawing_shows_the_plan_and_a_second_time_that_nothing_is_left(
    rapport: Rapport, worker: list[InvitationsCampaign]
) -> None:
    said = rapport("invitations", "withdraw", "demo", "--older-than", "60")
    assert "2 planned" in said
    assert "Oldest" in said
    assert "Enough" not in said
    assert "rapport why demo" in said
    assert worker[0].older_than_days == 60
    again = rapport("invitations", "withdraw", "demo", "--older-than", "60")
    assert "nothing to do" in again
    assert "already planned" in rapport("invitations", "withdraw", "demo", "--dry-run")


@pytest.mark.parametrize(
    ("option", "value", "field"),
    [("--older-than", "0", "older_than_days"), ("--limit", "101", "limit"), ("--limit", "0", "limit")],
)
def test_what_is_out_of_bounds_is_refused_before_anything_is_asked(
    rapport: Rapport, worker: list[InvitationsCampaign], option: str, value: str, field: str
) -> None:
    assert rapport.refused("invitations", "withdraw", "demo", option, value).startswith(f"{field}:")
    assert worker == []


def test_an_unknown_account_is_refused(rapport: Rapport, worker: list[InvitationsCampaign]) -> None:
    assert "there is no account called 'nobody'" in rapport.refused("invitations", "list", "nobody")
    assert worker == []
