"""Add an account with the warm-up of its quota, or move it to another time zone with its schedules."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from db.store.campaigns import schedules
from db.store.people import accounts
from db.store.quota import limits
from worker.rules.quota.limits import PRACTICE_QUOTA
from worker.rules.sites.registry import site_quota


def add_account(session: Session, *, name: str, site: str, zone: ZoneInfo, now: datetime, by: str) -> bool:
    """Add an account, or change its time zone; return whether a warm-up begins.

    A warm-up begins on the day of `now` for a new account of a real site. An account's schedules start by
    the new zone's clock from now on.
    """
    warms_up = accounts.find_account(session, name) is None and site_quota(site) is not PRACTICE_QUOTA
    account = accounts.add_account(session, name=name, site=site, zone=zone)
    schedules.move_schedules(session, account.id, zone)
    if warms_up:
        limits.set_warm_up(session, account.id, now.astimezone(zone).date(), by=by)
    return warms_up
