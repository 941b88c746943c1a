"""Upkeep: the task functions. Any message may be lost or doubled.

Beat's ticks are `schedules` and `due`; `due` publishes the others when their rows say so.
"""

from tasks.actions.read_inbox import list_readable_inboxes
from tasks.contract import (
    BIRTHDAY_REPLIES,
    UPKEEP_BACKUP,
    UPKEEP_DUE,
    UPKEEP_EVIDENCE,
    UPKEEP_EXPIRY,
    UPKEEP_QUOTA,
    UPKEEP_REPLIES,
    UPKEEP_RETENTION,
    UPKEEP_SCHEDULES,
    UPKEEP_SUMMARIES,
    Tick,
)
from tasks.publish import publish_task
from tasks.services import get_services
from tasks.upkeep.backups import make_planned_backup
from tasks.upkeep.daily_summaries import record_ended_days
from tasks.upkeep.evidence import delete_old_evidence
from tasks.upkeep.expiry import expire_late_actions
from tasks.upkeep.interaction_days import merge_interaction_days
from tasks.upkeep.jobs import publish_due_jobs, recorded
from tasks.upkeep.notices import delete_old_notices
from tasks.upkeep.purge_accounts import purge_all_accounts
from tasks.upkeep.quota_checks import compare_quotas
from tasks.upkeep.schedules import repeat_stale_readings, start_due_campaigns, start_waiting_requests
from tasks.upkeep.subscriptions import request_due_subscriptions
from worker.app import app
from worker.rules.upkeep import TIME_LIMITS, UpkeepJob


@app.task(name=UPKEEP_SCHEDULES, pydantic=True, pydantic_strict=False)
def run_schedules(tick: Tick) -> None:
    """Start campaigns and request subscriptions that are due, and repeat requests that were lost."""
    start_due_campaigns(get_services())
    start_waiting_requests(get_services())
    repeat_stale_readings(get_services())
    request_due_subscriptions(get_services())


@app.task(name=UPKEEP_DUE, pydantic=True, pydantic_strict=False)
def run_due_jobs(tick: Tick) -> None:
    """Publish the upkeep jobs that are due."""
    publish_due_jobs(get_services())


@app.task(name=UPKEEP_EXPIRY, pydantic=True, pydantic_strict=False)
def expire_actions(tick: Tick) -> None:
    """Skip the actions whose last day has passed, also those that nobody approved in time."""
    services = get_services()
    with recorded(services, UpkeepJob.EXPIRY):
        expire_late_actions(services)


@app.task(name=UPKEEP_REPLIES, pydantic=True, pydantic_strict=False)
def request_replies(tick: Tick) -> None:
    """Request the reading of each inbox that may be read now, at most once an hour."""
    services = get_services()
    with recorded(services, UpkeepJob.REPLIES):
        for account in list_readable_inboxes(services):
            publish_task(BIRTHDAY_REPLIES, account=account)


@app.task(name=UPKEEP_SUMMARIES, pydantic=True, pydantic_strict=False)
def save_summaries(tick: Tick) -> None:
    """Save and log the summaries of the days that have ended."""
    services = get_services()
    with recorded(services, UpkeepJob.SUMMARIES):
        record_ended_days(services)


@app.task(name=UPKEEP_QUOTA, pydantic=True, pydantic_strict=False)
def check_quotas(tick: Tick) -> None:
    """Compare the counters of recently active accounts with the ledger."""
    services = get_services()
    with recorded(services, UpkeepJob.QUOTA):
        compare_quotas(services)


@app.task(name=UPKEEP_RETENTION, pydantic=True, pydantic_strict=False)
def purge_old_data(tick: Tick) -> None:
    """Erase people and profiles that are older than their account's retention, and old events.

    Also merges the counts of interactions by day.
    """
    services = get_services()
    with recorded(services, UpkeepJob.RETENTION):
        purge_all_accounts(services)
        delete_old_notices(services.database)
        merge_interaction_days(services.database)


@app.task(name=UPKEEP_EVIDENCE, pydantic=True, pydantic_strict=False)
def delete_evidence(tick: Tick) -> None:
    """Delete screenshots that are older than their retention."""
    services = get_services()
    with recorded(services, UpkeepJob.EVIDENCE):
        delete_old_evidence(services)


@app.task(
    name=UPKEEP_BACKUP,
    pydantic=True,
    pydantic_strict=False,
    time_limit=TIME_LIMITS[UpkeepJob.BACKUP].total_seconds(),
)
def make_backup(tick: Tick) -> None:
    """Write a backup as planned, and delete those that are too old."""
    services = get_services()
    with recorded(services, UpkeepJob.BACKUP):
        make_planned_backup(services)
