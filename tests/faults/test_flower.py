"""The buttons of the real Flower, pressed while real workers work: by HTTP; with `-m soak`, in a browser."""

import json
from collections.abc import Iterator, Sequence
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
from tests.faults.scenarios.flower import ALL_BUTTONS, BUTTONS, Press
from tests.faults.scenarios.model import Scenario
from worker.browser.pool import BrowserPool
from worker.queues import CONTROL_QUEUES
from worker.servers import redis_address


@pytest.fixture(scope="module")
def flower(harness: Harness) -> Iterator[Flower]:
    with Flower(harness) as started:
        yield started


def press_in_turn(harness: Harness, flower: Flower, buttons: Sequence[Press]) -> None:
    """Press all of these during one campaign: everybody is greeted once, by the practice network's ledger."""
    report = run(
        harness, Scenario(lambda harness: sum(press(harness, flower) for press in buttons), EVERYBODY)
    )
    assert report.strikes == len(buttons)
    assert report.census.problems == ()
    assert report.census.in_ledger == report.census.planned > 0


@pytest.mark.soak
def test_everybody_is_greeted_once_whatever_is_pressed_in_flower(harness: Harness, flower: Flower) -> None:
    press_in_turn(harness, flower, BUTTONS)


@pytest.mark.soak
def test_everybody_is_greeted_once_whatever_is_pressed_on_the_pages_of_flower(
    harness: Harness, browser_pool: BrowserPool
) -> None:
    with FlowerPages(harness, browser_pool._get_browser()) as flower:
        press_in_turn(harness, flower, ALL_BUTTONS)


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
    # a worker that was waiting when its consumer was cancelled may still take one message, and puts it back
    message = harness.wait_for("the message", lambda: harness.run_redis_command("LINDEX", "celery", 0))
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
