"""Saved searches: named searches with their criteria, for campaigns and schedules."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field
from sqlalchemy.orm import Session

from api_stub.app_state import AppDatabase
from api_stub.http.faults import Fault, FaultType, wrong_field
from api_stub.http.lookups import check_account_filter, require_account
from api_stub.http.openapi.document import problems
from api_stub.http.v1.caller import ControlCaller, ReadCaller
from api_stub.http.v1.conditions import IfMatch, etag, require_match
from api_stub.http.v1.models.searches import SavedSearchOut, SearchIn, build_search
from api_stub.http.v1.pages import Page, PageQuery, build_page, read_position
from db.store import audit
from db.store.campaigns import saved_searches
from db.store.campaigns.saved_searches import SavedSearchRecord
from db.store.people.accounts import AccountRecord
from tasks.contract import AccountName, SavedSearchName
from worker.errors import RequestRefusedError

router = APIRouter(prefix="/searches", tags=["searches"])

_UNKNOWN = problems(FaultType.ACCOUNT_UNKNOWN, FaultType.SEARCH_UNKNOWN)


class SearchQuery(PageQuery):
    """Which saved searches."""

    account: AccountName | None = Field(None, description="Only this account's.")


@router.get("", responses=problems(FaultType.ACCOUNT_UNKNOWN))
def list_searches(
    request: Request, query: Annotated[SearchQuery, Query()], _caller: ReadCaller, database: AppDatabase
) -> Page[SavedSearchOut]:
    """List the saved searches by account and name, with their search terms and criteria."""
    after = read_position(request, query, tuple[str, str])
    with database.snapshot() as session:
        check_account_filter(session, query.account)
        found = saved_searches.list_saved_searches(
            session, account=query.account, limit=query.fetch_limit, after=after
        )
    return build_page(request, query, found, build_search, position=lambda line: (line.account, line.name))


@router.get("/{account}/{name}", responses=_UNKNOWN)
def show_search(
    account: AccountName,
    name: SavedSearchName,
    response: Response,
    _caller: ReadCaller,
    database: AppDatabase,
) -> SavedSearchOut:
    """Show a saved search."""
    with database.snapshot() as session:
        record = _require(session, require_account(session, account), name)
    response.headers["ETag"] = _etag(record)
    return build_search(record)


@router.put(
    "/{account}/{name}",
    responses=problems(FaultType.ACCOUNT_UNKNOWN, FaultType.CHANGED_MEANWHILE, FaultType.FIELDS_WRONG),
)
def save_search(
    account: AccountName,
    name: SavedSearchName,
    body: SearchIn,
    response: Response,
    *,
    caller: ControlCaller,
    database: AppDatabase,
    if_match: IfMatch = None,
) -> SavedSearchOut:
    """Save a search under a name, in place of one of that name."""
    with database.transaction() as session:
        owner = require_account(session, account)
        before = saved_searches.find_saved_search(session, owner.id, name, lock=True)
        require_match(if_match, _etag(before) if before else None)
        try:
            search = saved_searches.resolve_search(
                session, owner, url=body.url, name=None, criteria=body.criteria
            )
        except RequestRefusedError as error:
            field, _, why = str(error).partition(": ")
            raise wrong_field(f"body.{field}", why) from None
        saved_searches.save_search(session, owner.id, name, search)
        audit.record_change(session, by=caller.name, change="search.save", about=f"{account}/{name}")
        record = _require(session, owner, name)
    response.headers["ETag"] = _etag(record)
    return build_search(record)


@router.delete(
    "/{account}/{name}",
    status_code=204,
    responses=problems(FaultType.ACCOUNT_UNKNOWN, FaultType.SEARCH_UNKNOWN, FaultType.CHANGED_MEANWHILE),
)
def delete_search(
    account: AccountName,
    name: SavedSearchName,
    *,
    caller: ControlCaller,
    database: AppDatabase,
    if_match: IfMatch = None,
) -> None:
    """Delete a saved search. Campaigns that were started with it continue; a schedule of it is refused."""
    with database.transaction() as session:
        owner = require_account(session, account)
        require_match(if_match, _etag(_require(session, owner, name, lock=True)))
        audit.record_change(session, by=caller.name, change="search.delete", about=f"{account}/{name}")
        saved_searches.delete_saved_search(session, owner.id, name)


def _require(session: Session, account: AccountRecord, name: str, *, lock: bool = False) -> SavedSearchRecord:
    record = saved_searches.find_saved_search(session, account.id, name, lock=lock)
    if record is None:
        raise Fault(FaultType.SEARCH_UNKNOWN, saved_searches.describe_unknown(session, account, name))
    return record


def _etag(record: SavedSearchRecord) -> str:
    criteria = record.spec.criteria
    required = sorted(criteria.required)  # a set has no order
    return etag(record.spec.query.terms, criteria.model_dump(mode="json", exclude={"required"}), required)
