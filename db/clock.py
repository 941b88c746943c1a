"""The time by Postgres' clock, which all processes share. It stands still within a transaction."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session


def get_now(session: Session) -> datetime:
    """Return the instant at which this transaction began, aware."""
    now: datetime = session.scalars(select(func.now())).one()
    return now


def today_in(session: Session, zone: ZoneInfo) -> date:
    """Return the date in `zone` at the instant at which this transaction began."""
    today: date = session.scalars(select(func.date(func.timezone(zone.key, func.now())))).one()
    return today
