"""The birthdays of the coming days."""

from bisect import bisect_right
from datetime import date
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Query, Request
from pydantic import Field

from api_stub.app_state import AppDatabase
from api_stub.http.faults import FaultType
from api_stub.http.forecasts import AppForecasts, KnownForecast
from api_stub.http.lookups import require_account
from api_stub.http.openapi.document import problems
from api_stub.http.v1.caller import ReadCaller
from api_stub.http.v1.pages import Page, PageQuery, build_page, read_position
from api_stub.responses.birthdays import UpcomingBirthdayOut
from db.store.people.accounts import list_accounts
from db.store.reports.forecasts.upcoming_birthdays import MAX_DAYS, UpcomingBirthday, describe_birthday
from tasks.contract import AccountName

router = APIRouter(prefix="/birthdays", tags=["contacts"])


class BirthdayQuery(PageQuery):
    """Which birthdays."""

    account: AccountName | None = Field(None, description="Only this account's.")
    days: int = Field(14, ge=1, le=MAX_DAYS, description="Today and the days after it.")


class BirthdayPlace(NamedTuple):
    """Where a page begins: after this birthday. Without the name, which must not be in an address."""

    account: str
    on: date
    contact_id: int


@router.get("", responses=problems(FaultType.ACCOUNT_UNKNOWN))
def list_birthdays(
    request: Request,
    query: Annotated[BirthdayQuery, Query()],
    _caller: ReadCaller,
    database: AppDatabase,
    forecasts: AppForecasts,
) -> Page[UpcomingBirthdayOut]:
    """Return the birthdays of the coming days, and whether and when a greeting would be sent.

    Sorted by account, then the nearest first.
    """
    after = read_position(request, query, BirthdayPlace)
    with database.snapshot() as session:
        owners = [require_account(session, query.account)] if query.account else list_accounts(session)
    found: list[UpcomingBirthday] = []
    for owner in sorted(owners, key=lambda each: each.name):
        if len(found) < query.fetch_limit and (after is None or owner.name >= after.account):
            known = forecasts.read(database, owner.id, days=query.days)
            begins = _find_start(known, after) if after is not None and owner.name == after.account else 0
            page = known.birthdays[begins : begins + query.fetch_limit - len(found)]
            found += [describe_birthday(known.found, person, known.reached) for person in page]
    return build_page(request, query, found, UpcomingBirthdayOut.model_validate, position=_place)


def _find_start(known: KnownForecast, after: BirthdayPlace) -> int:
    return bisect_right(
        known.birthdays, (after.on, after.contact_id), key=lambda person: (person.on, person.contact_id)
    )


def _place(birthday: UpcomingBirthday) -> BirthdayPlace:
    return BirthdayPlace(birthday.account, birthday.on, birthday.contact_id)
