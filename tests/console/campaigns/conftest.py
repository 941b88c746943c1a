"""What the pages of campaigns show: people, templates, workers."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest

from db import defaults
from db.engine import Database
from db.store.campaigns import requests
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from tasks.campaigns.start import start_stored_campaign
from tests.builders import a_contact, an_account, database_now
from tests.console.conftest import with_token
from worker import queues
from worker.servers import redis_address


@pytest.fixture
def account(database: Database) -> AccountRecord:
    """An account that has signed in, with the default templates and two people who have their birthday."""
    with database.transaction() as session:
        account = an_account(session)
        accounts.save_session(session, account.id, b"sealed")
        defaults.seed_templates(session)
        today = database_now(session).date()
        a_contact(session, account, "anna", name="Anna Smith", birthday=today)
        a_contact(session, account, "zoe", name="Zoé Blanc", birthday=today)
        return account


@pytest.fixture
def workers(redis_url: str) -> Iterator[None]:
    """Workers that consume every queue."""
    with queues.connect(redis_address.parse(redis_url)) as redis:
        queues.record_consumer(redis, "all@box", queues.ALL_QUEUES, asked_s=0, busy_s=None)
        yield


def birthday_form(campaign_id: object, **changed: object) -> dict[str, object]:
    """Return the fields of the form of a birthday campaign as a browser sends them."""
    fields = {"account": "demo", "campaign_id": campaign_id, "late_days": "3", "fallback_language": "en"}
    return with_token(**{**fields, **changed})


def plan_requested(database: Database) -> list[UUID]:
    """Do what a control worker does with the campaigns that are kept; return their ids."""
    with database.transaction() as session:
        waiting = requests.lock_waiting_requests(session, timedelta(0))
        for each in waiting:
            start_stored_campaign(session, each.kind, each.account, each.campaign_id, each.options)
        return [each.campaign_id for each in waiting]
