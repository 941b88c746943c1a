"""The date by Postgres' clock, which all processes share."""

from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session


def today_in(session: Session, zone: ZoneInfo) -> date:
    """Return the date in `zone` at the instant at which the transaction began."""
    today: date = session.scalars(select(func.date(func.timezone(zone.key, func.now())))).one()
    return today
