"""The calendar: what goes out in the coming days, birthdays of a month, and what happened in a year."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from api_stub.app_state import AppDatabase
from api_stub.console.errors import UnknownPageError
from api_stub.console.page import choose_account, render
from api_stub.console.quota.activity_view import build_replies, build_year, find_first_week, sum_days
from api_stub.console.quota.calendar_words import CalendarWords
from api_stub.console.quota.forecast_view import DAYS, ForecastView, build_forecast
from api_stub.console.session import Viewer
from api_stub.responses.forecast import DEFAULT_LATE_DAYS, build_forecast_answer
from db.engine import today_in
from db.store.people.accounts import AccountRecord
from db.store.reports import activity
from db.store.reports.forecasts import birthday_forecast
from worker.rules.dates.birthdays import count_celebrated, recent_birthdays
from worker.rules.model import Birthday, Kind

router = APIRouter(include_in_schema=False)

BIRTHDAYS: Final = "birthdays"
_ALL: Final = "all"
_SHOWN: Final = (_ALL, Kind.GREET, Kind.VISIT, Kind.WITHDRAW, BIRTHDAYS)
_MOST_YEARS: Final = 12
_PAGE: Final = 50
_FORECAST_AT_ONCE: Final = 200
"""Up to so many birthdays the forecast takes milliseconds; beyond that the page asks for it afterwards."""
_MONTH: Final = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
_PLACE: Final = re.compile(r"(\d{1,2})-(\d{1,18})")


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a request asks to see."""

    year: int
    shown: str
    month: date
    after: tuple[int, int] | None


@router.get("/calendar")
def show_calendar(request: Request, viewer: Viewer, database: AppDatabase) -> Response:
    """Show an account's calendar."""
    with database.snapshot() as session:
        account, everybody = choose_account(session, request)
        if account is None:
            return render(request, viewer, "quota/calendar.html", account=None, accounts=everybody)
        today = today_in(session, account.zone)
        asked = _read_request(request, today)
        first = activity.find_first_day(session, account.id) or today
        birthdays = activity.count_birthdays(session, account.id)
        counts = _count_days(session, account, asked, birthdays)
        answered = activity.list_day_counts(session, account.id, find_first_week(today), today)
        page = activity.list_month_birthdays(
            session,
            account.id,
            year=asked.month.year,
            month=asked.month.month,
            limit=_PAGE + 1,
            after=asked.after,
        )
        forecast = _forecast(session, account) if _is_small(today, birthdays) else None
    people = page[:_PAGE]
    return render(
        request,
        viewer,
        "quota/calendar.html",
        account=account,
        accounts=everybody,
        today=today,
        asked=asked,
        shown=_SHOWN,
        years=range(max(first.year, today.year - _MOST_YEARS + 1), today.year + 1),
        year=build_year(asked.year, counts),
        replies=build_replies(today, answered),
        people=people,
        next_place=f"{people[-1].birth_day}-{people[-1].contact_id}" if len(page) > _PAGE else "",
        months=(_add_month(asked.month, -1), _add_month(asked.month, 1)),
        forecast=forecast,
        wide=True,
        names=CalendarWords(viewer.locale),
    )


@router.get("/calendar/forecast")
def show_forecast(request: Request, viewer: Viewer, database: AppDatabase) -> Response:
    """Show the forecast alone: as a part of the calendar if `part` is given, else as a page."""
    with database.snapshot() as session:
        account, everybody = choose_account(session, request)
        if account is None:
            raise UnknownPageError
        forecast = _forecast(session, account)
    template = "quota/forecast_part.html" if "part" in request.query_params else "quota/forecast_page.html"
    return render(
        request,
        viewer,
        template,
        account=account,
        accounts=everybody,
        forecast=forecast,
        names=CalendarWords(viewer.locale),
    )


def _forecast(session: Session, account: AccountRecord) -> ForecastView:
    found = birthday_forecast.forecast_birthdays(
        session, account, days=DAYS, default_late_days=DEFAULT_LATE_DAYS
    )
    return build_forecast(build_forecast_answer(found))


def _count_days(
    session: Session, account: AccountRecord, asked: _Asked, birthdays: Mapping[Birthday, int]
) -> Mapping[date, int]:
    if asked.shown == BIRTHDAYS:
        return count_celebrated(birthdays, asked.year)
    first, last = date(asked.year, 1, 1), date(asked.year, 12, 31)
    found = activity.list_day_counts(session, account.id, first, last)
    return sum_days(found, None if asked.shown == _ALL else Kind(asked.shown))


def _is_small(today: date, birthdays: Mapping[Birthday, int]) -> bool:
    """Return whether the forecast has few birthdays to look at."""
    last = today + timedelta(days=DAYS + DEFAULT_LATE_DAYS)
    coming = recent_birthdays(last, DAYS + 2 * DEFAULT_LATE_DAYS)
    return sum(birthdays.get(each, 0) for each in coming) <= _FORECAST_AT_ONCE


def _read_request(request: Request, today: date) -> _Asked:
    """Return what is asked for. Raises UnknownPageError for what no link of the calendar says."""
    given = request.query_params
    year, shown = given.get("year", str(today.year)), given.get("show", _ALL)
    month = _MONTH.fullmatch(given.get("month", f"{today:%Y-%m}"))
    place = _PLACE.fullmatch(given.get("after", "0-0"))
    is_year = re.fullmatch(r"\d{4}", year) and date.min.year < int(year) < date.max.year
    if not is_year or shown not in _SHOWN or month is None or place is None:
        raise UnknownPageError
    first = date(int(month[1]), int(month[2]), 1) if int(month[1]) else None
    if first is None or not date.min.year < first.year < date.max.year:
        raise UnknownPageError
    return _Asked(int(year), shown, first, (int(place[1]), int(place[2])))


def _add_month(first: date, months: int) -> date:
    number = first.year * 12 + first.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)
