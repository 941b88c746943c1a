"""Start the campaigns whose schedule is due, and request lists again whose message was lost."""

from datetime import timedelta
from uuid import UUID, uuid5

from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from db.store.campaigns import campaigns, schedules
from db.store.campaigns.schedules import DueSchedule
from tasks.campaigns.requests import request_reading
from tasks.campaigns.start import start_stored_campaign
from tasks.services import Services
from worker import logs
from worker.errors import RequestRefusedError
from worker.rules.model import CampaignKind
from worker.rules.schedule_times import next_fire

log = logs.get_logger(__name__)

_FIRE_NAMESPACE = UUID("6f0f4f0e-6a53-4f57-9d3c-3a1f64d8c5b1")
"""Namespace of the ids of campaigns that schedules start: one fire, one id, one campaign."""

ASK_AGAIN_AFTER = timedelta(minutes=2)
"""A list that was not read by then is requested again; reading takes seconds."""

CATCH_UP = timedelta(hours=12)
"""A fire missed by more than this is skipped: yesterday morning's campaign is useless tonight."""


def start_due_campaigns(services: Services) -> None:
    """Start the campaigns that are due, and request the lists that they are planned from."""
    for kind, campaign_id in fire_schedules(services):
        request_reading(kind, campaign_id)


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
    try:
        with session.begin_nested():  # one that can't start must not stop the others
            reading = start_stored_campaign(session, due.kind, due.account, campaign_id, due.options)
    except DBAPIError as error:  # the next tick tries again
        log.exception("schedule_failed", schedule=due.id, error=type(error).__name__)
        return False
    except (RequestRefusedError, ValidationError) as error:
        log.warning("schedule_refused", schedule=due.id, text=_describe_errors(error))
        schedules.skip_fire(session, due, next_fire_at=following)
        return False
    schedules.record_fire(session, due, campaign_id=campaign_id, next_fire_at=following)
    return reading


def _describe_errors(error: RequestRefusedError | ValidationError) -> str:
    """Describe the errors in stored options without their values, which may be people's addresses."""
    if isinstance(error, RequestRefusedError):
        return str(error)
    return "; ".join(f"{'.'.join(map(str, e['loc'])) or 'options'}: {e['msg']}" for e in error.errors())
