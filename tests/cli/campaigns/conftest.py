"""Accounts, and the tasks in this process in place of a worker."""

from typing import Any

import pytest

from api_stub.client import TaskClient
from db.engine import Database
from tasks.campaigns.plan_searches import start_sourcing_campaign
from tasks.campaigns.plan_visits import start_visitor_campaign
from tasks.contract import SourcingCampaign, SourcingOptions, VisitorCampaign, VisitorOptions
from tests.builders import TEN, an_account
from tests.cli.campaigns.requests import Asked
from worker import logs


@pytest.fixture
def account(database: Database) -> None:
    with database.transaction() as session:
        an_account(session)
        an_account(session, "real", site="linkedin", limits=TEN)


@pytest.fixture
def worker(database: Database, monkeypatch: pytest.MonkeyPatch, account: None) -> Asked:
    """Plan published campaigns at once; return the requests."""
    asked: Asked = []

    def send(_: TaskClient, task: str, payload: VisitorCampaign | SourcingCampaign, **__: Any) -> str:
        asked.append(payload)
        assert payload.campaign_id is not None
        with database.transaction() as session, logs.bound(correlation_id="test"):
            if isinstance(payload, VisitorCampaign):
                assert task == "tasks.visitor.campaign"
                to_visit = VisitorOptions.model_validate(
                    payload.model_dump(include=set(VisitorOptions.model_fields))
                )
                start_visitor_campaign(
                    session, account=payload.account, campaign_id=payload.campaign_id, options=to_visit
                )
            else:
                assert task == "tasks.sourcing.campaign"
                to_find = SourcingOptions.model_validate(
                    payload.model_dump(include=set(SourcingOptions.model_fields))
                )
                start_sourcing_campaign(
                    session, account=payload.account, campaign_id=payload.campaign_id, options=to_find
                )
        return "id"

    monkeypatch.setattr(TaskClient, "send", send)
    return asked
