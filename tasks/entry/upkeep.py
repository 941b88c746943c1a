"""What must happen now and then: schedules that fire, campaigns to ask again, evidence to forget."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from shutil import rmtree
from uuid import UUID, uuid5

from celery import Task
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError

from db.store.actions import control
from db.store.campaigns import campaigns, schedules
from db.store.people import accounts
from db.store.quota import ledger
from db.store.reports import summary
from tasks.actions.read_inbox import list_readable_inboxes
from tasks.campaigns.kinds import start_campaign
from tasks.contract import (
    UPKEEP_EVIDENCE,
    UPKEEP_EXPIRY,
    UPKEEP_QUOTA,
    UPKEEP_REPLIES,
    UPKEEP_RETENTION,
    UPKEEP_SCHEDULES,
    UPKEEP_SUMMARIES,
    Tick,
)
from tasks.entry.birthday import read
from tasks.entry.birthday import replies as read_inbox
from tasks.entry.invitations import read as read_invitations
from tasks.hooks import publish_task
from tasks.services import Services, services
from tasks.upkeep.retention import find_stale, purge_stale
from worker import clock, logs
from worker.app import app
from worker.errors import RequestRefusedError
from worker.rules.model import CampaignKind
from worker.rules.schedule_times import next_fire

log = logs.get_logger(__name__)

_FIRE_NAMESPACE = UUID("6f0f4f0e-6a53-4f57-9d3c-3a1f64d8c5b1")
"""Namespace of the ids of campaigns that schedules start: one fire, one id, one campaign."""

_READINGS: Mapping[CampaignKind, Task] = {
    CampaignKind.BIRTHDAY: read,
    CampaignKind.INVITATIONS: read_invitations,
}
"""What reads the site for a campaign that is not planned yet; the other kinds are planned at once."""

ASK_AGAIN_AFTER = timedelta(minutes=2)
"""A campaign whose site was not read by then is asked for again; reading takes seconds."""

PURGED_AT_ONCE = 15_000
"""People of one account in one run: seconds, where a task that takes minutes is killed."""

CATCH_UP = timedelta(hours=12)
"""A fire missed for longer is skipped: yesterday morning's campaign helps nobody tonight."""


def fire_schedules(services: Services) -> list[tuple[CampaignKind, UUID]]:
    """Start the campaigns whose time has come, each fire once; return those whose site is to be read.

    The campaign is added in the transaction that notes the fire: a message that is lost later loses nothing.
    Of several missed fires only the latest is made up for.
    """
    to_read = []
    with services.database.transaction() as session:
        for due in schedules.lock_due_schedules(session):
            following = next_fire(due.cron, due.zone, due.now)
            if due.now - due.fire_at > CATCH_UP:
                log.warning("schedule_missed", schedule=due.id, fire_at=due.fire_at.isoformat())
                schedules.skip_fire(session, due, next_fire_at=following)
                continue
            campaign_id = uuid5(_FIRE_NAMESPACE, f"{due.id} {due.fire_at.isoformat()}")
            try:
                with session.begin_nested():  # one that can't start must not stop the others
                    reading = start_campaign(session, due.kind, due.account, campaign_id, due.options)
            except DBAPIError as error:  # the next tick tries again
                log.exception("schedule_failed", schedule=due.id, error=type(error).__name__)
                continue
            except (RequestRefusedError, ValidationError) as error:
                log.warning("schedule_refused", schedule=due.id, text=_without_values(error))
                schedules.skip_fire(session, due, next_fire_at=following)
                continue
            if reading:
                to_read.append((due.kind, campaign_id))
            schedules.record_fire(session, due, campaign_id=campaign_id, next_fire_at=following)
    return to_read


def _without_values(error: RequestRefusedError | ValidationError) -> str:
    """Say what is wrong with stored options, but not what is in them: that may be somebody's address."""
    if isinstance(error, RequestRefusedError):
        return str(error)
    return "; ".join(f"{'.'.join(map(str, e['loc'])) or 'options'}: {e['msg']}" for e in error.errors())


def delete_old_evidence(folder: Path, *, today: date, days: int) -> int:
    """Delete the day folders older than `days`; return how many."""
    old = [
        day
        for day in folder.glob("????-??-??")
        if date.fromisoformat(day.name) < today - timedelta(days=days)
    ]
    for day in old:
        rmtree(day)
    return len(old)


def record_ended_days(services: Services) -> int:
    """Keep and tell the summary of every account's day that has ended; return how many.

    Each day once, however many beats there are: its row says that it was told.
    """
    with services.database.transaction() as session:
        over = summary.list_unsaved_days(session)
    told = 0
    for account_id, on in over:
        with services.database.snapshot() as session:
            day = summary.summarise_ended_day(session, accounts.get_account(session, account_id), on)
        with services.database.transaction() as session:
            kept = summary.save_day(session, account_id, day)
        if kept:
            log.info("daily_summary", **summary.dump_summary(day))
            told += 1
    return told


def purge_old_people(services: Services) -> None:
    """Erase what is older than its account keeps it, at most PURGED_AT_ONCE people of each."""
    with services.database.transaction() as session:
        everyone = accounts.list_accounts(session)
    for account in everyone:
        if account.keep_days is None:
            continue
        found = find_stale(services.database, account.id, timedelta(days=account.keep_days))
        purged = purge_stale(
            services.database, services.settings.evidence_dir, account.id, found, most=PURGED_AT_ONCE
        )
        if purged.waits or any((purged.people, purged.profiles, purged.scores, purged.campaigns)):
            log.info("data_purged", account=account.id, **asdict(purged))


@app.task(name=UPKEEP_SCHEDULES, pydantic=True, pydantic_strict=False)
def fire_due_schedules(tick: Tick) -> None:
    """Beat's tick: what is due starts, what was lost is asked for again."""
    for kind, campaign_id in fire_schedules(services()):
        publish_task(_READINGS[kind], campaign_id=str(campaign_id))
    with services().database.transaction() as session:
        stale = campaigns.take_stale_readings(session, ASK_AGAIN_AFTER)
    for record in stale:
        with logs.bound(correlation_id=record.correlation_id):
            publish_task(_READINGS[record.kind], campaign_id=str(record.id))


@app.task(name=UPKEEP_EXPIRY, pydantic=True, pydantic_strict=False)
def expire_what_is_too_late(tick: Tick) -> None:
    """Skip what makes no sense any more, also what nobody approved in time."""
    with services().database.transaction() as session:
        expired = control.expire_actions(session)
    if expired:
        log.info("actions_expired", actions=expired)


@app.task(name=UPKEEP_REPLIES, pydantic=True, pydantic_strict=False)
def ask_for_replies(tick: Tick) -> None:
    """Let the inboxes be read that may be. Each at most once an hour, however often this ticks."""
    for account in list_readable_inboxes(services()):
        publish_task(read_inbox, account=account)


@app.task(name=UPKEEP_SUMMARIES, pydantic=True, pydantic_strict=False)
def tell_days(tick: Tick) -> None:
    """Keep and tell the summaries of the days that have ended."""
    record_ended_days(services())


@app.task(name=UPKEEP_QUOTA, pydantic=True, pydantic_strict=False)
def compare_quotas(tick: Tick) -> None:
    """Hold the counters of every account that acted lately against the ledger."""
    with services().database.transaction() as session:
        acted = ledger.list_active_accounts(session)
    for account_id in acted:
        services().quota.compare_with_ledger(account_id)


@app.task(name=UPKEEP_RETENTION, pydantic=True, pydantic_strict=False)
def purge_old_data(tick: Tick) -> None:
    """Erase what is older than its account keeps it."""
    purge_old_people(services())


@app.task(name=UPKEEP_EVIDENCE, pydantic=True, pydantic_strict=False)
def forget_old_evidence(tick: Tick) -> None:
    """Delete screenshots that are older than their retention."""
    settings = services().settings
    delete_old_evidence(settings.evidence_dir, today=clock.now().date(), days=settings.evidence_days)
