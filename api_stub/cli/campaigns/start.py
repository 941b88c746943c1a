"""Start a campaign from a command: validate the options, publish the task, wait for the plan."""

import time
from datetime import timedelta
from pathlib import Path
from typing import TypeVar
from uuid import UUID, uuid4

from pydantic import BaseModel, ValidationError

from api_stub.cli.campaigns.redis_watch import RedisWatch
from api_stub.cli.formatting import describe_reason, short_id
from api_stub.cli.local_servers import load_settings
from api_stub.cli.terminal import Console
from api_stub.client import TaskClient
from db.engine import Database
from db.store.campaigns import campaigns
from db.store.campaigns.campaigns import CampaignRecord
from tasks.contract import AnyCampaignRequest
from worker.clock import monotonic_seconds
from worker.errors import RequestRefusedError
from worker.rules.model import CampaignState

PLAN_TIMEOUT = timedelta(minutes=3)
"""Reading a page takes seconds, but a busy worker may first have to finish an action."""

_POLL_INTERVAL = timedelta(milliseconds=200)

Model = TypeVar("Model", bound=BaseModel)


def validate_model(model: type[Model], /, **values: object) -> Model:
    """Validate values. Raises RequestRefusedError that names the first wrong field."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(map(str, fault["loc"]))
        message = fault["msg"].removeprefix("Value error, ")
        raise RequestRefusedError(f"{where}: {message}" if where else message) from None


def start_campaign(
    database: Database, data: Path, task: str, request: AnyCampaignRequest, *, reading: str
) -> CampaignRecord:
    """Publish a campaign task, wait until the campaign is planned, and return it.

    `reading` is shown while a worker reads the site. Raises RequestRefusedError if the campaign can't be
    planned, or not in time, and NotRunningError if Redis doesn't answer.
    """
    watch = RedisWatch(load_settings(data).redis)
    watch.require()
    campaign_id = request.campaign_id or uuid4()
    _send_request(data, task, request.model_copy(update={"campaign_id": campaign_id}), str(campaign_id))
    campaign = _wait_for_plan(database, watch, campaign_id, reading)
    if campaign.state is CampaignState.FAILED:
        why = describe_reason(campaign.reason) if campaign.reason else "it failed"
        raise RequestRefusedError(f"the campaign could not be planned: {why}; {campaign.detail}")
    return campaign


def _send_request(data: Path, task: str, request: AnyCampaignRequest, correlation_id: str) -> None:
    client = TaskClient(load_settings(data).redis)
    try:
        client.send(task, request, correlation_id=correlation_id)
    finally:
        client.close()


def _wait_for_plan(database: Database, watch: RedisWatch, campaign_id: UUID, reading: str) -> CampaignRecord:
    campaign: CampaignRecord | None = None
    until = monotonic_seconds() + PLAN_TIMEOUT.total_seconds()
    with Console(stderr=True).status("waiting for a worker to take it") as status:
        while monotonic_seconds() < until:
            with database.transaction() as session:
                campaign = campaigns.find_campaign(session, campaign_id)
            if campaign is not None and campaign.state is not CampaignState.READING:
                return campaign
            if watch.is_away():
                status.update("Redis doesn't answer: waiting a moment for it")
            elif campaign is not None:
                status.update(f"{reading}: {campaign.detail}" if campaign.detail else reading)
            time.sleep(_POLL_INTERVAL.total_seconds())
    stuck = "no worker has taken it" if campaign is None else "its site was not read"
    raise RequestRefusedError(
        f"{stuck} yet: are workers running (`rapport up`)? It goes on by itself; "
        f"`rapport campaign list` shows {short_id(campaign_id)}"
    )
