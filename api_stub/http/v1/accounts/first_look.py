"""The first message that an account of a real site has sent, which a person looks at before others are sent.

The look itself needs a browser, so it is made on the command line: `rapport account first-look`.
"""

from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api_stub.app_state import AppDatabase
from api_stub.http.faults import Fault, FaultType
from api_stub.http.lookups import require_account
from api_stub.http.openapi.document import problems
from api_stub.http.v1.accounts.parts import PREFIX, AccountPath
from api_stub.http.v1.caller import ApproveCaller, ReadCaller
from db.store import audit
from db.store.actions import unseen_sends
from db.store.actions.unseen_sends import UnseenSend
from db.store.people import site_checks
from worker.rules.model import ActionState
from worker.rules.sites.capabilities import is_seen_live
from worker.rules.sites.registry import needs_check

router = APIRouter(prefix=f"{PREFIX}/first-look", tags=["accounts"])

_ID = "0f4f5b7e-3c0e-4b43-9d0c-0f6f1d2c8a11"


class UnseenMessage(BaseModel):
    """The message to look at: sent, or not proven yet."""

    action_id: UUID
    contact: str
    state: ActionState


class FirstLookOut(BaseModel):
    """Whether a person still has to look at a message, and at which."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "needed": True,
                    "seen_live": False,
                    "message": {"action_id": _ID, "contact": "Bea Moreau", "state": "done"},
                }
            ]
        }
    )

    needed: bool = Field(description="The account's site is a real one.")
    seen_live: bool = Field(description="A person has seen a message arrive as it was meant.")
    message: UnseenMessage | None = Field(description="The one to look at; others wait for that.")


class PassOverIn(BaseModel):
    """The message that can't be looked at any more."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"action_id": _ID}]})

    action_id: UUID


@router.get("", responses=problems(FaultType.ACCOUNT_UNKNOWN))
def show_first_look(account: AccountPath, caller: ReadCaller, database: AppDatabase) -> FirstLookOut:
    """Return whether a person has to look at the first message of an account, and at which."""
    with database.snapshot() as session:
        record = require_account(session, account)
        return FirstLookOut(
            needed=needs_check(record.site),
            seen_live=is_seen_live(site_checks.list_verdicts(session, record.id)),
            message=_build_message(unseen_sends.get_unseen_send(session, record.id)),
        )


@router.post("/pass-over", responses=problems(FaultType.ACCOUNT_UNKNOWN, FaultType.CONFLICT))
def pass_over_first_look(
    account: AccountPath, body: PassOverIn, caller: ApproveCaller, database: AppDatabase
) -> FirstLookOut:
    """Look at the next message instead, because this one can no longer be looked at.

    The next approved message is sent, and is then the one to look at.
    """
    with database.transaction() as session:
        record = require_account(session, account, lock=True)
        send = unseen_sends.get_unseen_send(session, record.id)
        if send is None or send.action_id != body.action_id:
            raise Fault(FaultType.CONFLICT, f"this is not the message of account {account} to look at")
        if send.state is not ActionState.DONE:
            raise Fault(FaultType.CONFLICT, "it is not known yet whether the message was sent")
        audit.record_change(
            session, by=caller.name, change="account.pass-over", about=account, detail=str(send.action_id)
        )
        unseen_sends.pass_over_send(session, record, send.action_id)
    return show_first_look(account, caller, database)


def _build_message(send: UnseenSend | None) -> UnseenMessage | None:
    if send is None:
        return None
    return UnseenMessage(action_id=send.action_id, contact=send.full_name, state=send.state)
