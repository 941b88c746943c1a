"""Say in words when a greeting goes out, from the forecast that everything shown to a person relies on."""

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from api_stub.occasions import format_day
from api_stub.responses.forecast import DEFAULT_LATE_DAYS
from api_stub.times import format_time
from db.store.people.accounts import AccountRecord
from db.store.reports.forecasts import birthday_forecast
from worker.errors import Reason
from worker.rules.quota.forecast import ActionForecast
from worker.rules.wording.reasons import describe_reason

Outlooks = Mapping[UUID, ActionForecast]
"""The forecast of each planned greeting, by the action's id."""


def read_outlooks(session: Session, account: AccountRecord) -> Outlooks:
    """Return the forecast of each planned greeting of an account."""
    return birthday_forecast.forecast_planned(session, account, default_late_days=DEFAULT_LATE_DAYS)


def describe_wait(
    reason: Reason | None, not_before: datetime, outlook: ActionForecast | None, zone: ZoneInfo
) -> str:
    """Say what a planned action waits for, and until when: a greeting by its forecast, if there is one."""
    if outlook is not None and reason is not Reason.AWAITING_APPROVAL:
        waits_for = outlook.held_back or reason
        return describe_outlook(outlook.reached_at, waits_for, outlook.action.until, zone)
    because = f"{describe_reason(reason)}; " if reason else ""
    return f"{because}not before {format_time(not_before, zone)}"


def describe_outlook(
    at: datetime | None, waits_for: Reason | None, until: date | None, zone: ZoneInfo
) -> str:
    """Say when it goes out, and what it waits for; without `at`, that it will be too late.

    `until` is its last day.
    """
    because = f": {describe_reason(waits_for)}" if waits_for else ""
    if at is not None:
        return f"about {format_time(at, zone)}{because}"
    last = f", its last day is {format_day(until)}" if until else ""
    return f"too late{last}{because}"
