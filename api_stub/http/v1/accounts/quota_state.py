"""What holds an account's quota back for a time: the warm-up of a new account, and the breakers."""

from fastapi import APIRouter, Response
from sqlalchemy.orm import Session

from api_stub.app_state import AppDatabase
from api_stub.http.faults import Fault, FaultType, FieldFault
from api_stub.http.lookups import require_account
from api_stub.http.openapi.document import problems
from api_stub.http.v1.accounts.parts import PREFIX, AccountPath, tag_of
from api_stub.http.v1.caller import AdminCaller, ReadCaller
from api_stub.http.v1.conditions import IfMatch, require_match
from api_stub.http.v1.models.quota import QuotaResetIn, QuotaResetOut, WarmUpIn
from api_stub.responses.quota import WarmUp
from db.store import audit
from db.store.actions import control
from db.store.people.accounts import AccountRecord
from db.store.quota import epochs, limits
from worker import clock
from worker.errors import RequestRefusedError
from worker.rules.model import Kind
from worker.rules.quota.limits import warm_up_share
from worker.rules.quota.notation import parse_date

router = APIRouter(prefix=f"{PREFIX}/quota", tags=["quota"])


@router.get("/warm-up", responses=problems(FaultType.ACCOUNT_UNKNOWN))
def show_warm_up(
    account: AccountPath, response: Response, caller: ReadCaller, database: AppDatabase
) -> WarmUp:
    """Return when the warm-up began, and the share of the limits that may be used today."""
    with database.snapshot() as session:
        found = _read(session, require_account(session, account))
    response.headers["ETag"] = tag_of(found)
    return found


@router.put(
    "/warm-up",
    responses=problems(FaultType.ACCOUNT_UNKNOWN, FaultType.CHANGED_MEANWHILE, FaultType.FIELDS_WRONG),
)
def set_warm_up(
    account: AccountPath,
    *,
    body: WarmUpIn,
    response: Response,
    caller: AdminCaller,
    database: AppDatabase,
    if_match: IfMatch = None,
) -> WarmUp:
    """Let the limits ramp up over three weeks from a day on: a third, a half, four fifths, then all."""
    with database.transaction() as session:
        record = require_account(session, account, lock=True)
        try:
            parse_date(body.began_on.isoformat(), clock.now().astimezone(record.zone).date())
        except RequestRefusedError as refused:
            errors = [FieldFault("body.began_on", str(refused))]
            raise Fault(FaultType.FIELDS_WRONG, f"body.began_on: {refused}", errors=errors) from None
        require_match(if_match, tag_of(_read(session, record)))
        audit.record_change(session, by=caller.name, change="quota.warm_up", about=account)
        limits.set_warm_up(session, record.id, body.began_on, by=caller.name)
        control.wake_denied_actions(session, record.id, list(Kind))
        changed = _read(session, record)
    response.headers["ETag"] = tag_of(changed)
    return changed


@router.delete(
    "/warm-up",
    status_code=204,
    responses=problems(FaultType.ACCOUNT_UNKNOWN, FaultType.CHANGED_MEANWHILE),
)
def end_warm_up(
    account: AccountPath, caller: AdminCaller, database: AppDatabase, if_match: IfMatch = None
) -> None:
    """End the warm-up: the limits apply in full."""
    with database.transaction() as session:
        record = require_account(session, account, lock=True)
        require_match(if_match, tag_of(_read(session, record)))
        audit.record_change(session, by=caller.name, change="quota.warm_up", about=account)
        limits.set_warm_up(session, record.id, None, by=caller.name)
        control.wake_denied_actions(session, record.id, list(Kind))


@router.post("/reset", responses=problems(FaultType.ACCOUNT_UNKNOWN))
def reset_quota(
    account: AccountPath, body: QuotaResetIn, caller: AdminCaller, database: AppDatabase
) -> QuotaResetOut:
    """Close breakers, and recount the usage from the ledger.

    Everything that was sent still counts, so this never frees more than is left. A pause after a limit page
    stays.
    """
    kinds = sorted(set(body.kinds))
    with database.transaction() as session:
        record = require_account(session, account, lock=True)
        audit.record_change(
            session, by=caller.name, change="quota.breaker", about=account, detail=" ".join(kinds)
        )
        epochs.reset_breakers(session, record.id, kinds)
        limits.record_breaker_reset(session, record.id, kinds=kinds, by=caller.name)
        asked_again = control.wake_denied_actions(session, record.id, kinds)
    return QuotaResetOut(closed=kinds, asked_again=asked_again)


def _read(session: Session, account: AccountRecord) -> WarmUp:
    began = limits.load_allowance(session, account.id, Kind.GREET).warm_up_on
    return WarmUp(began_on=began, share=float(warm_up_share(began, clock.now(), account.zone)))
