"""The buttons of the real Flower, pressed in a real browser while real workers work."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import delete, func, select, update

from api_stub.campaign_requests import keep_campaign_request, publish_campaign_request
from api_stub.client import TaskClient
from db.tables import Account, Campaign, CampaignRequest
from tasks.contract import BIRTHDAY_CAMPAIGN, UPKEEP_SCHEDULES, BirthdayCampaign
from tests.builders import an_account
from tests.faults.flower import Flower
from tests.faults.flower_pages import FlowerPages
from tests.faults.harness import EVERYBODY, Harness
from tests.faults.scenarios import run
from tests.faults.scenarios.flower import ALL_BUTTONS
from tests.faults.scenarios.model import Scenario
from worker import redis_address
from worker.browser.pool import BrowserPool
from worker.queues import CONTROL_QUEUES


@pytest.fixture(scope="module")
def flower(harness: Harness, browser_pool: BrowserPool) -> Iterator[Flower]:
    with FlowerPages(harness, browser_pool._get_browser()) as started:
        yield started


def test_everybody_is_greeted_once_whatever_is_pressed_in_flower(harness: Harness, flower: Flower) -> None:
    def press_all(harness: Harness) -> int:
        return sum(press(harness, flower) for press in ALL_BUTTONS)

    report = run(harness, Scenario(press_all, EVERYBODY))
    assert report.strikes == len(ALL_BUTTONS)
    assert report.census.problems == ()
    assert report.census.in_ledger == report.census.planned > 0


def test_a_revoked_campaign_starts_all_the_same_if_its_request_is_kept(
    harness: Harness, flower: Flower
) -> None:
    with harness.database.transaction() as session:
        session.execute(delete(Account))
        account = an_account(session)
    for queue in CONTROL_QUEUES:
        assert flower.press("queue/cancel-consumer", "control", queue=queue)[0] == 200
    by_name = flower.apply(BIRTHDAY_CAMPAIGN, account="demo", dry_run=True, read_site=False)
    request = BirthdayCampaign(account="demo", dry_run=True, read_site=False)
    with harness.database.transaction() as session:
        kept = keep_campaign_request(session, account, request, "a-test")
    assert kept is not None
    with closing(TaskClient(redis_address.parse(harness.redis.url))) as client:
        publish_campaign_request(client, request, kept, "a-test")
    message = harness.run_redis_command("LINDEX", "celery", 0)
    assert isinstance(message, bytes)
    by_http = json.loads(message)["headers"]["id"]

    for task_id in (by_name, by_http):
        flower.revoke(task_id)
    for queue in CONTROL_QUEUES:
        assert flower.press("queue/add-consumer", "control", queue=queue)[0] == 200

    def are_dropped() -> bool:
        log = harness.log("control")
        return all(
            f"Discarding revoked task: {BIRTHDAY_CAMPAIGN}[{one}]" in log for one in (by_name, by_http)
        )

    harness.wait_for("both messages to be dropped", are_dropped)
    assert started_campaigns(harness) == []
    with harness.database.transaction() as session:
        session.execute(update(CampaignRequest).values(created_at=func.now() - timedelta(minutes=1)))
    harness.tick(UPKEEP_SCHEDULES)
    harness.wait_for("the campaign", lambda: started_campaigns(harness))
    assert started_campaigns(harness) == [kept]


def started_campaigns(harness: Harness) -> list[UUID]:
    with harness.database.transaction() as session:
        return list(session.scalars(select(Campaign.id)))
