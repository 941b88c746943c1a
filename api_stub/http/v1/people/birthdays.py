"""The birthdays of the coming days."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Query, Request
from pydantic import Field
from sqlalchemy.orm import Session

from api_stub.app_state import AppDatabase
from api_stub.http.faults import FaultType
from api_stub.http.lookups import require_account
from api_stub.http.openapi import problems
from api_stub.http.v1.caller import ReadCaller
from api_stub.http.v1.pages import Page, PageQuery, build_page, read_position
from api_stub.responses.birthdays import UpcomingBirthdayOut
from api_stub.responses.forecast import DEFAULT_LATE_DAYS
from db.store.people import accounts
from db.store.reports import upcoming_birthdays
from db.store.reports.upcoming_birthdays import MAX_DAYS, UpcomingBirthday
from tasks.contract import AccountName

router = APIRouter(prefix="/birthdays", tags=["contacts"])


class BirthdayQuery(PageQuery):
    """Which birthdays."""

    account: AccountName | None = Field(None, description="Only this account's.")
    days: int = Field(14, ge=1, le=MAX_DAYS, description="Today and the days after it.")


class BirthdayPlace(NamedTuple):
    """Where a page begins: after this birthday."""

    account: str
    on: date
    name: str
    contact_id: int


@router.get("", responses=problems(FaultType.ACCOUNT_UNKNOWN))
def list_birthdays(
    request: Request, query: Annotated[BirthdayQuery, Query()], _caller: ReadCaller, database: AppDatabase
) -> Page[UpcomingBirthdayOut]:
    """Return the birthdays of the coming days, and whether and when a greeting would be sent.

    Sorted by account, then the nearest first.
    """
    after = read_position(request, query, BirthdayPlace)
    with database.snapshot() as session:
        found: list[UpcomingBirthday] = []
        for birthday in _list_after(session, query, after):
            found.append(birthday)
            if len(found) == query.fetch_limit:
                break
    return build_page(request, query, found, UpcomingBirthdayOut.model_validate, position=_place)


def _list_after(
    session: Session, query: BirthdayQuery, after: BirthdayPlace | None
) -> Iterator[UpcomingBirthday]:
    owners = [require_account(session, query.account)] if query.account else accounts.list_accounts(session)
    for owner in sorted(owners, key=lambda each: each.name):
        if after is not None and owner.name < after.account:
            continue
        upcoming = upcoming_birthdays.list_upcoming_birthdays(
            session, owner, days=query.days, default_late_days=DEFAULT_LATE_DAYS
        )
        yield from (each for each in upcoming if after is None or _place(each) > after)


def _place(birthday: UpcomingBirthday) -> BirthdayPlace:
    return BirthdayPlace(birthday.account, birthday.on, birthday.full_name, birthday.contact_id)
