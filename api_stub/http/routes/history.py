"""Read actions, interactions, quota, forecast and summary."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from api_stub.app_state import AppDatabase
from api_stub.http.dependencies import AccountFilter, PageLimit, require_key
from api_stub.http.faults import Fault, FaultType, FieldFault
from api_stub.http.forecasts import AppForecasts
from api_stub.http.lookups import require_account
from api_stub.http.openapi.document import problem_responses
from api_stub.http.v1.fields import Day
from api_stub.responses.forecast import DEFAULT_LATE_DAYS, MAX_DAYS, ForecastAnswer, build_forecast_answer
from api_stub.responses.history import (
    ActionOut,
    ActionPage,
    InteractionOut,
    InteractionPage,
    SummaryOut,
    build_summary_answer,
)
from api_stub.responses.quota import QuotaAnswer, build_quota_answer
from api_stub.responses.quota_windows import get_ledger_readings
from db.engine import today_in
from db.store.actions import interactions
from db.store.people import holds
from db.store.quota import status
from db.store.reports import halts, overview, summary
from db.store.reports.forecasts import birthday_forecast
from tasks.contract import AccountName
from worker.errors import RequestRefusedError
from worker.rules.model import ActionState

router = APIRouter(prefix="/data", tags=["data"], dependencies=require_key)


@router.get("/interactions")
def list_interactions(
    database: AppDatabase,
    limit: PageLimit = 100,
    before: Annotated[
        int | None, Query(ge=1, lt=2**63, description="`next_before` of the page before.")
    ] = None,
    account: AccountFilter = None,
) -> InteractionPage:
    """Return interactions, newest first."""
    with database.snapshot() as session:
        found = interactions.list_interactions(session, limit=limit, before=before, account=account)
    return InteractionPage(
        items=[InteractionOut.model_validate(record) for record in found],
        next_before=found[-1].id if len(found) == limit else None,
    )


@router.get("/actions")
def list_actions(
    database: AppDatabase,
    limit: PageLimit = 100,
    before: Annotated[UUID | None, Query(description="`next_before` of the page before.")] = None,
    account: AccountFilter = None,
    state: Annotated[ActionState | None, Query(description="Only those in this state.")] = None,
) -> ActionPage:
    """Return actions, newest first, each with its state, the reason and the time before which it waits."""
    with database.snapshot() as session:
        found = overview.list_actions(session, limit=limit, before=before, account=account, state=state)
    return ActionPage(
        items=[ActionOut.model_validate(line) for line in found],
        next_before=found[-1].id if len(found) == limit else None,
    )


@router.get("/quota", responses=problem_responses(404))
def show_quota(
    database: AppDatabase, account: Annotated[AccountName, Query(description="The account's name.")]
) -> QuotaAnswer:
    """Return what an account has used, has left and may do, by kind and for all kinds together."""
    with database.snapshot() as session:
        record = require_account(session, account)
        found = status.get_account_status(session, record)
    return build_quota_answer(found, get_ledger_readings(found))


@router.get("/forecast", responses=problem_responses(404))
def show_forecast(
    database: AppDatabase,
    forecasts: AppForecasts,
    account: Annotated[AccountName, Query(description="The account's name.")],
    days: Annotated[int, Query(ge=1, le=MAX_DAYS, description="How many days, from today.")] = 30,
) -> ForecastAnswer:
    """Return who will be greeted when, who will be greeted late, and who is missed."""
    with database.snapshot() as session:
        record = require_account(session, account)
    return build_forecast_answer(forecasts.read(database, record.id, days=days).found)


@router.get("/summary", responses=problem_responses(404))
def show_summary(
    database: AppDatabase,
    account: Annotated[AccountName, Query(description="The account's name.")],
    on: Annotated[Day | None, Query(description="The day in the account's zone; today if not given.")] = None,
) -> SummaryOut:
    """Return the summary of an account's day: sent, left out, waiting, answered."""
    with database.snapshot() as session:
        record = require_account(session, account)
        try:
            found = summary.summarise_day(session, record, on)
        except RequestRefusedError as error:
            wrong = FieldFault("query.on", str(error))
            raise Fault(FaultType.FIELDS_WRONG, f"query.on: {error}", errors=[wrong]) from None
        if on not in {None, today_in(session, record.zone)}:
            return build_summary_answer(found, (), None, ())
        outlook = birthday_forecast.count_outlook(session, record, default_late_days=DEFAULT_LATE_DAYS)
        away = holds.list_away(session, record.id)
        return build_summary_answer(found, halts.list_halts(session, record), outlook, away)
