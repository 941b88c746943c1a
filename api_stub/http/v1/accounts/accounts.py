"""Accounts: list, add, change and remove them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Final

from fastapi import APIRouter, Header, Query, Request, Response
from sqlalchemy.orm import Session

from api_stub.app_state import AppDatabase, AppSettings
from api_stub.http.faults import Fault, FaultType, FieldFault
from api_stub.http.lookups import require_account
from api_stub.http.openapi.document import problems
from api_stub.http.v1.accounts.parts import AccountPath, tag_of
from api_stub.http.v1.caller import AdminCaller, ReadCaller
from api_stub.http.v1.conditions import IfMatch, require_match
from api_stub.http.v1.models.accounts import (
    AccountChangeIn,
    AccountDetail,
    AccountIn,
    build_account_detail,
)
from api_stub.http.v1.pages import Page, PageQuery, build_page, read_position
from api_stub.responses.accounts import AccountAnswer, build_account_answer
from db.store import audit
from db.store.actions import control
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from db.store.privacy import account_removal
from db.store.quota import new_accounts
from db.store.reports import halts
from worker import clock
from worker.errors import RequestRefusedError
from worker.rules.sites.registry import SITES
from worker.screenshots import delete_account_evidence

router = APIRouter(prefix="/accounts", tags=["accounts"])

_RETRY_S: Final = "30"
_removing = threading.Lock()
"""Held while an account is removed: that may take minutes, and requests wait for the same few slots."""

Seen = Annotated[
    str,
    Header(
        alias="If-Match",
        max_length=1000,
        description="The ETag of the account as it was read: a removal can't be taken back.",
    ),
]


@router.get("")
def list_accounts(
    request: Request, query: Annotated[PageQuery, Query()], caller: ReadCaller, database: AppDatabase
) -> Page[AccountAnswer]:
    """Return the accounts by name."""
    after = read_position(request, query, str)
    with database.snapshot() as session:
        found = accounts.list_accounts(session, after=after or "", limit=query.fetch_limit)
    return build_page(request, query, found, build_account_answer, position=lambda each: each.name)


@router.post("", status_code=201, responses=problems(FaultType.ALREADY_EXISTS, FaultType.FIELDS_WRONG))
def add_account(
    body: AccountIn, response: Response, caller: AdminCaller, database: AppDatabase
) -> AccountDetail:
    """Add an account. The limits of a new account of a real site ramp up over three weeks.

    An account that was removed comes back without its data if it is added under the same name.
    """
    notice = SITES[body.site].risk_notice
    if notice and not body.accepts_risk:
        errors = [FieldFault("body.accepts_risk", f"must be true: {notice}")]
        raise Fault(
            FaultType.FIELDS_WRONG, f"not confirmed, so no account was added. {notice}", errors=errors
        )
    with database.transaction() as session:
        if accounts.find_account(session, body.name) is not None:
            raise Fault(FaultType.ALREADY_EXISTS, f"there is an account called {body.name!r} already")
        zone = body.time_zone.zone
        audit.record_change(session, by=caller.name, change="account.add", about=body.name, detail=zone.key)
        new_accounts.add_account(
            session, name=body.name, site=body.site, zone=zone, now=clock.now(), by=caller.name
        )
        detail = read_detail(session, require_account(session, body.name))
    response.headers["Location"] = f"/v1/accounts/{body.name}"
    response.headers["ETag"] = tag_of(detail)
    return detail


@router.get("/{account}", responses=problems(FaultType.ACCOUNT_UNKNOWN))
def show_account(
    account: AccountPath, response: Response, caller: ReadCaller, database: AppDatabase
) -> AccountDetail:
    """Return an account, and everything that stops it now."""
    with database.snapshot() as session:
        detail = read_detail(session, require_account(session, account))
    response.headers["ETag"] = tag_of(detail)
    return detail


@router.patch("/{account}", responses=problems(FaultType.ACCOUNT_UNKNOWN, FaultType.CHANGED_MEANWHILE))
def change_account(
    account: AccountPath,
    *,
    body: AccountChangeIn,
    response: Response,
    caller: AdminCaller,
    database: AppDatabase,
    if_match: IfMatch = None,
) -> AccountDetail:
    """Move an account to another time zone, or set how long it keeps people."""
    with database.transaction() as session:
        record = require_account(session, account, lock=True)
        require_match(if_match, tag_of(read_detail(session, record)))
        if body.time_zone is not None:
            zone = body.time_zone.zone
            audit.record_change(
                session, by=caller.name, change="account.zone", about=account, detail=zone.key
            )
            new_accounts.add_account(
                session, name=account, site=record.site, zone=zone, now=clock.now(), by=caller.name
            )
        if "keep_days" in body.model_fields_set:
            detail = str(body.keep_days or "for ever")
            audit.record_change(session, by=caller.name, change="account.keep", about=account, detail=detail)
            accounts.set_keep_days(session, record.id, body.keep_days)
        changed = read_detail(session, require_account(session, account, lock=True))
    response.headers["ETag"] = tag_of(changed)
    return changed


@router.delete(
    "/{account}",
    status_code=204,
    responses=problems(FaultType.ACCOUNT_UNKNOWN, FaultType.CHANGED_MEANWHILE, FaultType.CONFLICT),
)
def remove_account(
    account: AccountPath, if_match: Seen, caller: AdminCaller, database: AppDatabase, settings: AppSettings
) -> None:
    """Remove an account for good: its contacts, plans, history, sign-in and screenshots.

    Its quota and its audit trail stay, and hashes of whom it greeted or must not contact. It is paused first;
    while a worker or an import works for it, nothing else is changed. `GET /v1/accounts/{account}/data` says
    how much is erased.
    """
    with _one_removal():
        with database.transaction() as session:
            record = require_account(session, account, lock=True)
            require_match(if_match, tag_of(read_detail(session, record)))
            if control.pause_account(session, record.id):
                audit.record_change(session, by=caller.name, change="account.pause", about=account)
        with database.transaction() as session:
            audit.record_change(session, by=caller.name, change="account.remove", about=account)
            try:
                account_removal.remove_account(session, record)
            except RequestRefusedError as refused:
                raise Fault(FaultType.CONFLICT, f"{refused}; the account is paused now") from None
        # After the commit, because a file can't be rolled back.
        delete_account_evidence(settings.evidence_dir, record.id)


def read_detail(session: Session, account: AccountRecord) -> AccountDetail:
    """Return the answer for an account, with what stops it."""
    return build_account_detail(account, list(halts.list_halts(session, account)))


@contextmanager
def _one_removal() -> Iterator[None]:
    """Let one removal run at a time. Raises Fault `unavailable` for another one."""
    if not _removing.acquire(blocking=False):
        detail = "another account is being removed at this moment"
        raise Fault(FaultType.UNAVAILABLE, detail, headers={"Retry-After": _RETRY_S})
    try:
        yield
    finally:
        _removing.release()
