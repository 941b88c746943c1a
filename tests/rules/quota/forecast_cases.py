"""Helpers of the forecast's tests: an account, coming actions, and their forecast."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from worker.errors import Reason
from worker.rules.model import Kind
from worker.rules.quota.allowance import Allowance
from worker.rules.quota.forecast import ActionForecast, ExpectedAction, Forecast, forecast
from worker.rules.quota.limits import PRACTICE_QUOTA, Limits, Totals
from worker.rules.quota.model import QuotaState

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
MONDAY = date(2027, 6, 7)
NOON = datetime(2027, 6, 7, 12, tzinfo=UTC)
UTC_ZONE = ZoneInfo("UTC")
FREE = Limits(1000, 1000, 7000, timedelta(0), timedelta(0))


def an_allowance(limits: Limits = FREE, zone: ZoneInfo = UTC_ZONE, **more: Any) -> Allowance:
    given = Allowance(
        account_id=1,
        zone=zone,
        kind=Kind.GREET,
        site=PRACTICE_QUOTA,
        limits={Kind.GREET: limits, Kind.VISIT: FREE, Kind.COLLECT: FREE},
        totals=Totals(10_000, 70_000),
    )
    return replace(given, **more)


def an_action(contact_id: int, on: date = MONDAY, *, late: int = 3, **more: Any) -> ExpectedAction:
    person = ExpectedAction(contact_id, f"P{contact_id}", on, on + late * DAY)
    return replace(person, **more)


def run_forecast(
    people: Sequence[ExpectedAction],
    allowance: Allowance,
    state: QuotaState | None = None,
    *,
    now: datetime = NOON,
    last: date = MONDAY + 30 * DAY,
) -> Forecast:
    return forecast(people, allowance, state or QuotaState(), now=now, last=last)


def outcomes(found: Forecast) -> dict[int, tuple[int | None, Reason | None]]:
    """Return for each contact the days late (None: missed) and what delayed the greeting."""
    return {each.action.contact_id: (_late(each), each.held_back) for each in found.actions}


def _late(each: ActionForecast) -> int | None:
    return each.days_late if each.reached_at else None
