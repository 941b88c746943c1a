"""The forecast and the summary of an account."""

from bisect import bisect_right
from datetime import date
from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Query, Request

from api_stub.app_state import AppDatabase
from api_stub.http.faults import FaultType
from api_stub.http.forecasts import AppForecasts, Forecasts, KnownForecast, find_place
from api_stub.http.lookups import require_account
from api_stub.http.openapi.document import problems
from api_stub.http.routes import history
from api_stub.http.v1.accounts.parts import PREFIX, AccountPath
from api_stub.http.v1.caller import ReadCaller
from api_stub.http.v1.fields import Day
from api_stub.http.v1.pages import Page, PageQuery, build_page, read_position
from api_stub.responses.forecast import (
    MAX_DAYS,
    End,
    ForecastSummary,
    PersonForecast,
    build_forecast_summary,
    build_person,
    find_end,
)
from api_stub.responses.history import SummaryOut
from db.engine import Database

router = APIRouter(prefix=PREFIX, tags=["reports"])

Days = Annotated[int, Query(ge=1, le=MAX_DAYS, description="How many days, from today.")]


class PeopleQuery(PageQuery):
    """Which people of a forecast."""

    days: int = Query(30, ge=1, le=MAX_DAYS, description="How many days, from today.")
    end: End | None = Query(None, description="Only the birthdays that end so.")


@router.get("/forecast", responses=problems(FaultType.ACCOUNT_UNKNOWN))
def show_account_forecast(
    account: AccountPath, caller: ReadCaller, database: AppDatabase, forecasts: AppForecasts, days: Days = 30
) -> ForecastSummary:
    """Return how many will be greeted in time, late or not at all, and the use of each day."""
    return build_forecast_summary(_read(forecasts, database, account, days).found)


@router.get("/forecast/people", responses=problems(FaultType.ACCOUNT_UNKNOWN))
def list_forecast_people(
    account: AccountPath,
    request: Request,
    query: Annotated[PeopleQuery, Query()],
    *,
    caller: ReadCaller,
    database: AppDatabase,
    forecasts: AppForecasts,
) -> Page[PersonForecast]:
    """Return who will be greeted when, by birthday. Each page is as of its moment."""
    after = read_position(request, query, tuple[date, int])
    people = _read(forecasts, database, account, query.days).people
    begins = 0 if after is None else bisect_right(people, after, key=find_place)
    rest = islice(people, begins, None)
    wanted = (each for each in rest if query.end in {None, find_end(each)})
    found = list(islice(wanted, query.fetch_limit))
    return build_page(request, query, found, build_person, position=find_place)


@router.get("/summary", responses=problems(FaultType.ACCOUNT_UNKNOWN))
def show_account_summary(
    account: AccountPath,
    caller: ReadCaller,
    database: AppDatabase,
    on: Annotated[Day | None, Query(description="The day in the account's zone; today if not given.")] = None,
) -> SummaryOut:
    """Return the summary of an account's day: sent, left out, waiting, answered."""
    return history.show_summary(database, account, on)


def _read(forecasts: Forecasts, database: Database, account: str, days: int) -> KnownForecast:
    with database.snapshot() as session:
        record = require_account(session, account)
    return forecasts.read(database, record.id, days=days)
