"""Start campaigns whose schedule is due or whose message was lost; request lists again that were not read."""

from collections.abc import Mapping
from datetime import timedelta
from enum import Enum, auto
from typing import Any
from uuid import UUID, uuid5

from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from db.store.campaigns import campaigns, requests, schedules
from db.store.campaigns.requests import WaitingRequest
from db.store.campaigns.schedules import DueSchedule
from tasks.campaigns.requests import request_reading
from tasks.campaigns.start import start_stored_campaign
from tasks.services import Services
from worker import logs
from worker.errors import RequestRefusedError
from worker.rules.dates.schedule_times import next_fire
from worker.rules.model import CampaignKind

log = logs.get_logger(__name__)

_FIRE_NAMESPACE = UUID("6f0f4f0e-6a53-4f57-9d3c-3a1f64d8c5b1")
"""Namespace of the ids of campaigns that schedules start: one fire, one id, one campaign."""

ASK_AGAIN_AFTER = timedelta(minutes=2)
"""A list that was not read by then is requested again; reading takes seconds."""

START_AFTER = timedelta(seconds=30)
"""A requested campaign that has not started by then is started from its stored request."""

CATCH_UP = timedelta(hours=12)
"""A fire or a request that waited longer is dropped: yesterday morning's campaign is useless tonight."""


class _Start(Enum):
    """What became of a start. FAILED: the next tick tries again; READING: a list must be read first."""

    PLANNED = auto()
    READING = auto()
    REFUSED = auto()
    FAILED = auto()


def start_due_campaigns(services: Services) -> None:
    """Start the campaigns that are due, and request the lists that they are planned from."""
    for kind, campaign_id in fire_schedules(services):
        with logs.bound(correlation_id=str(campaign_id)):
            request_reading(kind, campaign_id)


def start_waiting_requests(services: Services) -> None:
    """Start the requested campaigns whose message has not arrived, and request their lists."""
    to_read = []
    with services.database.transaction() as session:
        for waiting in requests.lock_waiting_requests(session, START_AFTER):
            with logs.bound(correlation_id=waiting.correlation_id):
                if _start_waiting(session, waiting):
                    to_read.append(waiting)
    for each in to_read:
        with logs.bound(correlation_id=each.correlation_id):
            request_reading(each.kind, each.campaign_id)


def repeat_stale_readings(services: Services) -> None:
    """Request lists again that were requested a while ago and not read: the message may be lost."""
    with services.database.transaction() as session:
        stale = campaigns.take_stale_readings(session, ASK_AGAIN_AFTER)
    for campaign in stale:
        with logs.bound(correlation_id=campaign.correlation_id):
            request_reading(campaign.kind, campaign.id)


def fire_schedules(services: Services) -> list[tuple[CampaignKind, UUID]]:
    """Start the campaigns that are due, each fire once; return those whose list must be read first.

    The campaign is added in the transaction that records the fire, so a message that is lost later loses
    nothing. Of several missed fires only the latest is made up for.
    """
    to_read = []
    with services.database.transaction() as session:
        for due in schedules.lock_due_schedules(session):
            campaign_id = uuid5(_FIRE_NAMESPACE, f"{due.id} {due.fire_at.isoformat()}")
            with logs.bound(correlation_id=str(campaign_id)):  # not the tick's: it may start several
                if _fire(session, due, campaign_id):
                    to_read.append((due.kind, campaign_id))
    return to_read


def _fire(session: Session, due: DueSchedule, campaign_id: UUID) -> bool:
    """Start the schedule's campaign and move the schedule on. True: its list must be read first."""
    following = next_fire(due.cron, due.zone, due.now)
    if due.now - due.fire_at > CATCH_UP:
        log.warning("schedule_missed", schedule=due.id, fire_at=due.fire_at.isoformat())
        schedules.skip_fire(session, due, next_fire_at=following)
        return False
    start = _try_start(session, due.kind, due.account, campaign_id, due.options)
    if start is _Start.REFUSED:
        schedules.skip_fire(session, due, next_fire_at=following)
    elif start is not _Start.FAILED:
        schedules.record_fire(session, due, campaign_id=campaign_id, next_fire_at=following)
    return start is _Start.READING


def _start_waiting(session: Session, waiting: WaitingRequest) -> bool:
    """Start a requested campaign, or end the request if it can't start. True: its list must be read first."""
    if waiting.age > CATCH_UP:
        log.warning("campaign_request_missed", campaign=str(waiting.campaign_id))
        requests.end_request(session, waiting.campaign_id)
        return False
    start = _try_start(session, waiting.kind, waiting.account, waiting.campaign_id, waiting.options)
    if start is _Start.REFUSED:
        requests.end_request(session, waiting.campaign_id)
    return start is _Start.READING


def _try_start(
    session: Session, kind: CampaignKind, account: str, campaign_id: UUID, options: Mapping[str, Any]
) -> _Start:
    try:
        with session.begin_nested():  # one that can't start must not stop the others
            reading = start_stored_campaign(session, kind, account, campaign_id, options)
    except DBAPIError as error:
        log.exception("campaign_start_failed", campaign=str(campaign_id), error=type(error).__name__)
        return _Start.FAILED
    except (RequestRefusedError, ValidationError) as error:
        log.warning("campaign_start_refused", campaign=str(campaign_id), text=_describe_errors(error))
        return _Start.REFUSED
    return _Start.READING if reading else _Start.PLANNED


def _describe_errors(error: RequestRefusedError | ValidationError) -> str:
    """Describe the errors in stored options without their values, which may be people's addresses."""
    if isinstance(error, RequestRefusedError):
        return str(error)
    return "; ".join(f"{'.'.join(map(str, e['loc'])) or 'options'}: {e['msg']}" for e in error.errors())
