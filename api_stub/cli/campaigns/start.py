"""Start a campaign from a command: validate the options, publish the task, wait for the plan."""

import time
from datetime import timedelta
from pathlib import Path
from typing import TypeVar
from uuid import UUID, uuid4

from pydantic import BaseModel, ValidationError

from api_stub.campaign_requests import keep_campaign_request, publish_campaign_request
from api_stub.cli.campaigns.redis_watch import RedisWatch
from api_stub.cli.context import require_account
from api_stub.cli.explain.halts import print_halts
from api_stub.cli.explain.obstacles import Obstacles
from api_stub.cli.formatting import short_id
from api_stub.cli.screen.waiting import show_wait
from api_stub.cli.servers.local_servers import load_settings
from api_stub.client import TaskClient
from db.engine import Database
from db.store.campaigns import campaigns
from db.store.campaigns.campaigns import CampaignRecord
from db.store.campaigns.requests import CONFLICTING_REQUEST
from tasks.contract import AnyCampaignRequest
from worker.clock import monotonic_seconds
from worker.errors import RequestRefusedError
from worker.rules.model import CampaignState
from worker.rules.wording.reasons import describe_reason

PLAN_TIMEOUT = timedelta(minutes=1)
"""Reading a page takes seconds, but a busy worker may first have to finish an action."""

_POLL_INTERVAL = timedelta(milliseconds=200)
_CHECK_INTERVAL = timedelta(seconds=2)
"""How often a waiting command checks whether anything keeps workers from planning the campaign."""

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
    database: Database, data: Path, request: AnyCampaignRequest, *, reading: str
) -> CampaignRecord:
    """Request a campaign, wait until the campaign is planned, and return it.

    `reading` is shown while a worker reads the site. Raises RequestRefusedError at once if nobody would plan
    it as things are, and later if it can't be planned, or not in time. Raises NotRunningError
    if Redis doesn't answer.
    """
    watch = RedisWatch(load_settings(data).redis)
    watch.require()
    obstacles = Obstacles(database, load_settings(data).redis, request)
    if (obstacle := _find_lasting(obstacles)) is not None:
        raise RequestRefusedError(f"nothing was started: {obstacle}")
    with database.transaction() as session:
        print_halts(session, request.account)
    campaign_id = _request(database, data, request)
    campaign = _wait_for_plan(database, watch, campaign_id, obstacles, reading)
    if campaign.state is CampaignState.FAILED:
        why = describe_reason(campaign.reason) if campaign.reason else "it failed"
        raise RequestRefusedError(f"the campaign could not be planned: {why}; {campaign.detail}")
    return campaign


def _find_lasting(obstacles: Obstacles) -> str | None:
    """Return what keeps the campaign from being planned; waits for workers if Redis has just started."""
    obstacle = obstacles.find()
    if obstacle is None or not obstacles.may_pass():
        return obstacle
    with show_wait("Redis has just started: waiting for the workers to connect to it"):
        while obstacle is not None and obstacles.may_pass():
            time.sleep(_POLL_INTERVAL.total_seconds())
            obstacle = obstacles.find()
    return obstacle


def _request(database: Database, data: Path, request: AnyCampaignRequest) -> UUID:
    request = request.model_copy(update={"campaign_id": request.campaign_id or uuid4()})
    correlation_id = str(request.campaign_id)
    with database.transaction() as session:
        account = require_account(session, request.account)
        campaign_id = keep_campaign_request(session, account, request, correlation_id)
    if campaign_id is None:
        raise RequestRefusedError(f"campaign_id: {CONFLICTING_REQUEST}")
    client = TaskClient(load_settings(data).redis)
    try:
        publish_campaign_request(client, request, campaign_id, correlation_id)
    finally:
        client.close()
    return campaign_id


def _wait_for_plan(
    database: Database, watch: RedisWatch, campaign_id: UUID, obstacles: Obstacles, reading: str
) -> CampaignRecord:
    campaign: CampaignRecord | None = None
    began = checked = monotonic_seconds()
    with show_wait("waiting for a worker to plan the campaign") as wait:
        while (now := monotonic_seconds()) - began < PLAN_TIMEOUT.total_seconds():
            with database.transaction() as session:
                campaign = campaigns.find_campaign(session, campaign_id)
            if campaign is not None and campaign.state is not CampaignState.READING:
                return campaign
            if watch.is_away():
                wait.what = "Redis doesn't answer: waiting a moment for it"
            elif campaign is not None:
                wait.what = f"{reading}: {campaign.detail}" if campaign.detail else reading
            if now - checked > _CHECK_INTERVAL.total_seconds():
                checked = now
                if (obstacle := obstacles.find()) is not None and not obstacles.may_pass():
                    raise _describe_unfinished(campaign_id, obstacle)
            time.sleep(_POLL_INTERVAL.total_seconds())
    busy = "the workers are busy" if campaign is None else "reading the site takes long"
    raise _describe_unfinished(campaign_id, busy)


def _describe_unfinished(campaign_id: UUID, why: str) -> RequestRefusedError:
    return RequestRefusedError(
        f"campaign {short_id(campaign_id)} is not planned yet: {why}. It continues by "
        "itself: `rapport campaign list` shows it"
    )
