"""The state of an account: pause and resume it, its sign-in, and its data."""

from fastapi import APIRouter

from api_stub.app_state import AppDatabase, AppSettings
from api_stub.explain.halts import advise_sign_in
from api_stub.explain.why import find_session_problem
from api_stub.http.faults import Fault, FaultType
from api_stub.http.lookups import require_account
from api_stub.http.openapi.document import problems
from api_stub.http.v1.accounts.accounts import read_detail
from api_stub.http.v1.accounts.parts import PREFIX, AccountPath
from api_stub.http.v1.caller import ControlCaller, ReadCaller
from api_stub.http.v1.models.accounts import (
    AccountDataOut,
    AccountDetail,
    SignInOut,
)
from db.engine import get_database_time
from db.store import audit
from db.store.actions import control
from db.store.people.accounts import AccountRecord
from db.store.privacy import account_removal
from worker.errors import Reason
from worker.rules.model import AccountStatus
from worker.rules.sites.sign_ins import Expiry, judge_expiry
from worker.rules.wording.reasons import reason_suffix

router = APIRouter(prefix=PREFIX, tags=["accounts"])


@router.post("/pause", responses=problems(FaultType.ACCOUNT_UNKNOWN, FaultType.CONFLICT))
def pause_account(account: AccountPath, caller: ControlCaller, database: AppDatabase) -> AccountDetail:
    """Pause an account until it is resumed. Planned actions wait; nothing is dropped.

    A worker that is typing stops before the click on send. What was already sent is still recorded.
    """
    with database.transaction() as session:
        record = require_account(session, account, lock=True)
        if not control.pause_account(session, record.id):
            raise Fault(FaultType.CONFLICT, f"{_describe(record)}: there is nothing to pause")
        audit.record_change(session, by=caller.name, change="account.pause", about=account)
        return read_detail(session, require_account(session, account, lock=True))


@router.post("/resume", responses=problems(FaultType.ACCOUNT_UNKNOWN, FaultType.CONFLICT))
def resume_account(account: AccountPath, caller: ControlCaller, database: AppDatabase) -> AccountDetail:
    """Resume a paused account, or one that its site stopped for a reason that needs no new sign-in."""
    with database.transaction() as session:
        record = require_account(session, account, lock=True)
        if not control.resume_account(session, record.id):
            advice = (
                f"check the account on the site, then {advise_sign_in(account, record.site)}"
                if record.status is AccountStatus.STOPPED
                else "there is nothing to resume"
            )
            raise Fault(FaultType.CONFLICT, f"{_describe(record)}: {advice}")
        audit.record_change(session, by=caller.name, change="account.resume", about=account)
        return read_detail(session, require_account(session, account, lock=True))


@router.get("/sign-in", responses=problems(FaultType.ACCOUNT_UNKNOWN))
def show_sign_in(
    account: AccountPath, caller: ReadCaller, database: AppDatabase, settings: AppSettings
) -> SignInOut:
    """Return whether an account is signed in, until when, and what to do about it.

    A person signs in on the command line: `rapport account sign-in`.
    """
    with database.snapshot() as session:
        record, now = require_account(session, account), get_database_time(session)
    expiry = judge_expiry(record.session_expires_at, now)
    problem = find_session_problem(record, settings.secret_keys)
    is_fine = (
        record.session is not None
        and problem is None
        and record.stop_reason is not Reason.NOT_SIGNED_IN
        and expiry not in {Expiry.SOON, Expiry.OVER}
    )
    return SignInOut(
        signed_in=record.session is not None,
        signed_in_since=record.signed_in_since,
        session_expires_at=record.session_expires_at,
        expiry=expiry,
        stop_reason=record.stop_reason,
        key_problem=problem,
        advice=None if is_fine else advise_sign_in(account, record.site),
    )


@router.get("/data", responses=problems(FaultType.ACCOUNT_UNKNOWN))
def count_account_data(account: AccountPath, caller: ReadCaller, database: AppDatabase) -> AccountDataOut:
    """Return how much is erased if the account is removed."""
    with database.snapshot() as session:
        found = account_removal.count_account_data(session, require_account(session, account))
    return AccountDataOut.model_validate(found)


def _describe(account: AccountRecord) -> str:
    return f"account {account.name} is {account.status}{reason_suffix(account.stop_reason)}"
