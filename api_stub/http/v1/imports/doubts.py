"""Imported birthdays of which it is uncertain whose they are, or which day it is."""

from typing import Annotated, NamedTuple

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from api_stub.app_state import AppDatabase
from api_stub.http.faults import Fault, FaultType
from api_stub.http.lookups import check_account_filter
from api_stub.http.openapi.document import problems
from api_stub.http.v1.caller import ControlCaller, ReadCaller
from api_stub.http.v1.pages import Page, PageQuery, build_page, read_position
from api_stub.http.v1.people.parts import conflicts
from api_stub.responses.doubts import BirthdayDoubtOut
from db.store import audit
from db.store.imports import birthday_doubts as store
from tasks.campaigns import hand_edits
from tasks.contract import AccountName

router = APIRouter(prefix="/imports/doubts", tags=["imports"])

_MOST_AT_ONCE = 1_000

DoubtId = Annotated[int, Path(ge=1, lt=2**63, description="The doubt's id.", examples=[17])]


class DoubtQuery(PageQuery):
    """Which doubts."""

    account: AccountName | None = Field(None, description="Only this account's.")
    unique: bool = Field(
        False, description="Only those whose day is certain and whose whole name is that of one contact only."
    )


class DoubtPlace(NamedTuple):
    """Where a page begins: after this doubt."""

    import_id: int
    line: int
    id: int


@router.get("", responses=problems(FaultType.ACCOUNT_UNKNOWN))
def list_birthday_doubts(
    request: Request, query: Annotated[DoubtQuery, Query()], _caller: ReadCaller, database: AppDatabase
) -> Page[BirthdayDoubtOut]:
    """Return birthdays from files that wait for a person. An entry's candidates and days are adjacent."""
    after = read_position(request, query, DoubtPlace)
    with database.snapshot() as session:
        check_account_filter(session, query.account)
        found = store.list_doubts(
            session, account=query.account, only_unique=query.unique, after=after, limit=query.fetch_limit
        )
    return build_page(
        request,
        query,
        found,
        BirthdayDoubtOut.model_validate,
        position=lambda each: DoubtPlace(each.import_id, each.line, each.id),
    )


class ConfirmUniqueIn(BaseModel):
    """Whose doubts."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"account": "ann"}]})

    account: AccountName | None = Field(None, description="Only this account's.")


class ConfirmedOut(BaseModel):
    """The doubts that were confirmed."""

    ids: list[int] = Field(examples=[[8, 9]])
    more: bool = Field(description="There were more than 1000: ask again.", examples=[False])


@router.post("/confirm-unique", responses=problems(FaultType.ACCOUNT_UNKNOWN, FaultType.CONFLICT))
def confirm_unique_doubts(
    body: ConfirmUniqueIn, caller: ControlCaller, database: AppDatabase
) -> ConfirmedOut:
    """Confirm every doubt whose day is certain and whose full name only one contact has, all at once."""
    with database.transaction() as session:
        check_account_filter(session, body.account)
        found = store.list_doubts(session, account=body.account, only_unique=True, limit=_MOST_AT_ONCE + 1)
        ids = [each.id for each in found[:_MOST_AT_ONCE]]
        audit.record_change(session, by=caller.name, change="doubt.confirm-unique", about=str(len(ids)))
        with conflicts():
            for doubt_id in ids:
                store.confirm_doubt(session, doubt_id)
    return ConfirmedOut(ids=ids, more=len(found) > len(ids))


_ANSWERS = problems(FaultType.DOUBT_UNKNOWN, FaultType.CONFLICT)


@router.post("/{doubt_id}/confirm", status_code=204, responses=_ANSWERS)
def confirm_birthday_doubt(doubt_id: DoubtId, caller: ControlCaller, database: AppDatabase) -> None:
    """Write the birthday to the contact; the other candidates and days of the same entry are refused."""
    with database.transaction() as session:
        _begin(session, doubt_id, caller.name, "doubt.confirm")
        with conflicts():
            store.confirm_doubt(session, doubt_id)


@router.post("/{doubt_id}/refuse", status_code=204, responses=_ANSWERS)
def refuse_birthday_doubt(doubt_id: DoubtId, caller: ControlCaller, database: AppDatabase) -> None:
    """Refuse a doubt: this contact or day is not meant. It is not asked again."""
    with database.transaction() as session:
        _begin(session, doubt_id, caller.name, "doubt.refuse")
        with conflicts():
            store.refuse_doubt(session, doubt_id)


@router.post("/{doubt_id}/reopen", status_code=204, responses=_ANSWERS)
def reopen_birthday_doubt(doubt_id: DoubtId, caller: ControlCaller, database: AppDatabase) -> None:
    """Take an answer back: it is asked again, and what was planned from it is dropped."""
    with database.transaction() as session:
        _begin(session, doubt_id, caller.name, "doubt.reopen")
        with conflicts():
            hand_edits.apply_birthday(session, store.reopen_doubt(session, doubt_id))


def _begin(session: Session, doubt_id: int, by: str, change: str) -> None:
    """Record the change. Raises Fault `doubt-unknown`."""
    if not store.has_doubt(session, doubt_id):
        raise Fault(FaultType.DOUBT_UNKNOWN, f"there is no doubt {doubt_id}")
    audit.record_change(session, by=by, change=change, about=str(doubt_id))
