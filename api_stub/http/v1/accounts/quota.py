"""The quota of an account: what is used and left, its limits, and who changed them."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session

from api_stub.app_state import AppDatabase
from api_stub.http.faults import Fault, FaultType
from api_stub.http.lookups import require_account
from api_stub.http.openapi.document import problems
from api_stub.http.routes import history
from api_stub.http.v1.accounts.parts import PREFIX, AccountPath, tag_of
from api_stub.http.v1.caller import AdminCaller, ReadCaller
from api_stub.http.v1.conditions import IfMatch, require_match
from api_stub.http.v1.models.quota import (
    AccountLimits,
    KindLimits,
    KindLimitsIn,
    LimitChangeOut,
    TotalLimits,
    TotalLimitsIn,
    build_kind_limits,
    build_limit_change,
    build_total_limits,
)
from api_stub.http.v1.pages import Page, PageQuery, build_page, read_position
from api_stub.responses.quota import QuotaAnswer
from db.store import audit
from db.store.actions import control
from db.store.quota import limits
from worker.errors import RequestRefusedError
from worker.rules.model import Kind
from worker.rules.quota.limits import Limits, Totals
from worker.rules.quota.notation import apply_options, format_clock_time

router = APIRouter(prefix=f"{PREFIX}/quota", tags=["quota"])

_CHANGES = problems(FaultType.ACCOUNT_UNKNOWN, FaultType.CHANGED_MEANWHILE, FaultType.REQUEST_REFUSED)


@router.get("", responses=problems(FaultType.ACCOUNT_UNKNOWN))
def show_account_quota(account: AccountPath, caller: ReadCaller, database: AppDatabase) -> QuotaAnswer:
    """Return what an account has used, has left and may do, by kind and for all kinds together."""
    return history.show_quota(database, account)


@router.get("/limits", responses=problems(FaultType.ACCOUNT_UNKNOWN))
def list_account_limits(account: AccountPath, caller: ReadCaller, database: AppDatabase) -> AccountLimits:
    """Return all limits of an account, as they are set."""
    with database.snapshot() as session:
        record = require_account(session, account)
        return AccountLimits(
            kinds={kind: _read_kind(session, record.id, kind) for kind in Kind},
            together=_read_totals(session, record.id),
            warm_up_began_on=limits.load_allowance(session, record.id, Kind.GREET).warm_up_on,
        )


@router.get("/limits/all", responses=problems(FaultType.ACCOUNT_UNKNOWN))
def show_total_limits(
    account: AccountPath, response: Response, caller: ReadCaller, database: AppDatabase
) -> TotalLimits:
    """Return the limits of all kinds together, as they are set."""
    with database.snapshot() as session:
        found = _read_totals(session, require_account(session, account).id)
    response.headers["ETag"] = tag_of(found)
    return found


@router.patch("/limits/all", responses=_CHANGES)
def change_total_limits(
    account: AccountPath,
    *,
    body: TotalLimitsIn,
    response: Response,
    caller: AdminCaller,
    database: AppDatabase,
    if_match: IfMatch = None,
) -> TotalLimits:
    """Change the limits of all kinds together, in force from the next decision.

    Values above a site's hard ceiling are refused.
    """
    with database.transaction() as session:
        record = require_account(session, account, lock=True)
        require_match(if_match, tag_of(_read_totals(session, record.id)))
        try:
            wanted = _change_totals(limits.get_configured_totals(session, record.id), body)
            audit.record_change(session, by=caller.name, change="quota.limits", about=account, detail="all")
            limits.set_totals(session, record.id, wanted, by=caller.name)
        except RequestRefusedError as refused:
            raise Fault(FaultType.REQUEST_REFUSED, str(refused)) from None
        control.wake_denied_actions(session, record.id, list(Kind))
        changed = _read_totals(session, record.id)
    response.headers["ETag"] = tag_of(changed)
    return changed


@router.get("/limits/{kind}", responses=problems(FaultType.ACCOUNT_UNKNOWN))
def show_kind_limits(
    account: AccountPath, kind: Kind, response: Response, caller: ReadCaller, database: AppDatabase
) -> KindLimits:
    """Return the limits of one kind, as they are set."""
    with database.snapshot() as session:
        found = _read_kind(session, require_account(session, account).id, kind)
    response.headers["ETag"] = tag_of(found)
    return found


@router.patch("/limits/{kind}", responses=_CHANGES)
def change_kind_limits(
    account: AccountPath,
    kind: Kind,
    *,
    body: KindLimitsIn,
    response: Response,
    caller: AdminCaller,
    database: AppDatabase,
    if_match: IfMatch = None,
) -> KindLimits:
    """Change the limits, gap, hours or days of one kind, in force from the next decision.

    Values above a site's hard ceiling are refused. Warm-up and cuts still apply. Actions that the quota made
    wait ask again.
    """
    with database.transaction() as session:
        record = require_account(session, account, lock=True)
        require_match(if_match, tag_of(_read_kind(session, record.id, kind)))
        try:
            wanted = _change_kind(limits.get_configured_limits(session, record.id, kind), body)
            audit.record_change(session, by=caller.name, change="quota.limits", about=account, detail=kind)
            limits.set_limits(session, record.id, kind, wanted, by=caller.name)
        except RequestRefusedError as refused:
            raise Fault(FaultType.REQUEST_REFUSED, str(refused)) from None
        control.wake_denied_actions(session, record.id, [kind])
        changed = _read_kind(session, record.id, kind)
    response.headers["ETag"] = tag_of(changed)
    return changed


@router.get("/changes", responses=problems(FaultType.ACCOUNT_UNKNOWN))
def list_limit_changes(
    account: AccountPath,
    request: Request,
    query: Annotated[PageQuery, Query()],
    caller: ReadCaller,
    database: AppDatabase,
) -> Page[LimitChangeOut]:
    """Return who changed which limit, when, from what to what; the newest first."""
    before = read_position(request, query, int)
    with database.snapshot() as session:
        record = require_account(session, account)
        found = limits.list_changes(session, record.id, newest=query.fetch_limit, before=before)
    return build_page(request, query, found, build_limit_change, position=lambda change: change.id)


def _read_kind(session: Session, account_id: int, kind: Kind) -> KindLimits:
    return build_kind_limits(limits.get_configured_limits(session, account_id, kind))


def _read_totals(session: Session, account_id: int) -> TotalLimits:
    return build_total_limits(limits.get_configured_totals(session, account_id))


def _change_totals(before: Totals, body: TotalLimitsIn) -> Totals:
    try:
        return replace(before, **body.model_dump(exclude_none=True))
    except ValueError as error:
        raise RequestRefusedError(str(error)) from None


def _change_kind(before: Limits, body: KindLimitsIn) -> Limits:
    """Return the limits with the given ones, by the rules of the command line."""
    opens = body.opens or format_clock_time(before.hours.opens)
    closes = body.closes or format_clock_time(before.hours.closes)
    return apply_options(
        before,
        body.model_dump(exclude_none=True, include={"per_run", "per_day", "per_week", "reserved_per_day"}),
        gap_min=None if body.gap_min_s is None else f"{body.gap_min_s:.3f}",
        gap_max=None if body.gap_max_s is None else f"{body.gap_max_s:.3f}",
        hours=f"{opens}-{closes}",
        days=None if body.days is None else ",".join(body.days),
    )
