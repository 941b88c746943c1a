"""The signature of an account, which ends each of its greetings."""

from fastapi import APIRouter, Response
from sqlalchemy.orm import Session

from api_stub.app_state import AppDatabase
from api_stub.http.faults import FaultType, wrong_field
from api_stub.http.lookups import require_account
from api_stub.http.openapi.document import problems
from api_stub.http.v1.caller import ControlCaller, ReadCaller
from api_stub.http.v1.conditions import IfMatch, etag, require_match
from api_stub.http.v1.models.signatures import SignatureIn, SignatureOut
from db.store import audit
from db.store.campaigns import template_states, templates
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from tasks.contract import AccountName
from worker.rules.messages.approval import TextRefusedError
from worker.rules.messages.signatures import validate_signature

router = APIRouter(prefix="/accounts/{account}/signature", tags=["templates"])

_CHANGE = problems(FaultType.ACCOUNT_UNKNOWN, FaultType.CHANGED_MEANWHILE)


@router.get("", responses=problems(FaultType.ACCOUNT_UNKNOWN))
def show_signature(
    account: AccountName, response: Response, _caller: ReadCaller, database: AppDatabase
) -> SignatureOut:
    """Show the signature of an account."""
    with database.snapshot() as session:
        owner = require_account(session, account)
        response.headers["ETag"] = etag(owner.signature)
        return _build(session, owner, owner.signature)


@router.put("", responses=_CHANGE)
def set_signature(
    account: AccountName,
    body: SignatureIn,
    response: Response,
    *,
    caller: ControlCaller,
    database: AppDatabase,
    if_match: IfMatch = None,
) -> SignatureOut:
    """Set the signature of an account. Greetings that are planned from now on close with it."""
    try:
        signature = validate_signature(body.text)
    except TextRefusedError as error:
        raise wrong_field("body.text", str(error)) from None
    with database.transaction() as session:
        owner = _save(session, account, signature, by=caller.name, if_match=if_match)
        response.headers["ETag"] = etag(signature)
        return _build(session, owner, signature)


@router.delete("", status_code=204, responses=_CHANGE)
def remove_signature(
    account: AccountName, caller: ControlCaller, database: AppDatabase, if_match: IfMatch = None
) -> None:
    """Remove the signature of an account. Planned and approved greetings keep their text."""
    with database.transaction() as session:
        _save(session, account, "", by=caller.name, if_match=if_match)


def _save(session: Session, name: str, signature: str, *, by: str, if_match: str | None) -> AccountRecord:
    require_account(session, name)
    owner = accounts.find_account(session, name, lock=True) or require_account(session, name)
    require_match(if_match, etag(owner.signature))
    if signature != owner.signature:
        audit.record_change(session, by=by, change="template.signature", about=name)
        accounts.set_signature(session, owner.id, signature)
    return owner


def _build(session: Session, owner: AccountRecord, signature: str) -> SignatureOut:
    usable = templates.list_usable_templates(session, owner.id)
    return SignatureOut(
        account=owner.name,
        text=signature,
        too_long_with=[each.id for each in usable if template_states.becomes_too_long(each, signature)],
    )
