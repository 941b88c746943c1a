"""Accounts, and the tasks in this process in place of a worker."""

from typing import Any

import pytest

from api_stub.client import TaskClient
from db.engine import Database
from tasks.campaigns.start import start_campaign
from tasks.contract import SourcingCampaign, VisitorCampaign
from tests.builders import TEN, an_account
from tests.cli.campaigns.requests import Asked
from worker import logs


@pytest.fixture
def account(database: Database) -> None:
    with database.transaction() as session:
        an_account(session)
        an_account(session, "real", site="linkedin", limits=TEN)


@pytest.fixture
def worker(database: Database, monkeypatch: pytest.MonkeyPatch, account: None, consumers: None) -> Asked:
    """Plan published campaigns at once; return the requests."""
    asked: Asked = []

    def send(_: TaskClient, task: str, payload: VisitorCampaign | SourcingCampaign, **__: Any) -> str:
        asked.append(payload)
        assert payload.campaign_id is not None
        assert task == payload.task
        with database.transaction() as session, logs.bound(correlation_id="test"):
            start_campaign(session, account=payload.account, campaign_id=payload.campaign_id, options=payload)
        return "id"

    monkeypatch.setattr(TaskClient, "send", send)
    return asked
