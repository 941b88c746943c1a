"""Forecasts of accounts, remembered until something changes: each page of a long one would make a new one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Annotated, Final

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from api_stub.responses.forecast import DEFAULT_LATE_DAYS
from api_stub.until_changed import UntilChanged
from db.engine import Database
from db.store.people import accounts
from db.store.people.contacts import DueBirthday
from db.store.reports.forecasts import upcoming_birthdays
from db.store.reports.forecasts.birthday_forecast import AccountForecast, forecast_birthdays
from worker.rules.quota.forecast import ActionForecast

_MOST_PEOPLE: Final = 100_000
"""In all remembered forecasts together: some 50 MB."""


@dataclass(frozen=True, slots=True)
class KnownForecast:
    """An account's forecast, and what its pages are cut from.

    people: by birthday and contact
    birthdays: by day and contact, also of people who are left out
    reached: when each is greeted, by contact and day
    """

    found: AccountForecast
    people: Sequence[ActionForecast]
    birthdays: Sequence[DueBirthday]
    reached: Mapping[tuple[int, date], datetime | None]


class Forecasts:
    """The forecasts that were read last, each used again while nothing changes in Postgres."""

    def __init__(self) -> None:
        self._known = UntilChanged[tuple[int, int], KnownForecast](_count_people, most=_MOST_PEOPLE)

    def read(self, database: Database, account_id: int, *, days: int) -> KnownForecast:
        """Return the forecast of today and the next `days` - 1 days, as of the last commit."""
        return self._known.read(
            database, (account_id, days), partial(_read_forecast, account_id=account_id, days=days)
        )


def find_place(forecast: ActionForecast) -> tuple[date, int]:
    """Return the place in the list of people: without the name, which must not be in an address."""
    return forecast.action.on, forecast.action.contact_id


def _read_forecast(session: Session, *, account_id: int, days: int) -> KnownForecast:
    account = accounts.get_account(session, account_id)
    found = forecast_birthdays(session, account, days=days, default_late_days=DEFAULT_LATE_DAYS)
    return KnownForecast(
        found,
        people=sorted(found.forecast.actions, key=find_place),
        birthdays=upcoming_birthdays.list_birthdays_of(found),
        reached=upcoming_birthdays.map_reached(found),
    )


def _count_people(known: KnownForecast) -> int:
    return len(known.found.due) + len(known.people)


async def _forecasts(request: Request) -> Forecasts:
    forecasts: Forecasts = request.app.state.forecasts
    return forecasts


AppForecasts = Annotated[Forecasts, Depends(_forecasts)]
