"""Actions: list and show them with their events and evidence, and settle those that need a person."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import Field
from sqlalchemy.orm import Session

from api_stub.app_state import AppDatabase, AppSettings
from api_stub.console.evidence import find_evidence
from api_stub.http.faults import Fault, FaultType
from api_stub.http.lookups import check_account_filter, require_account
from api_stub.http.openapi.document import problems
from api_stub.http.v1.caller import ApproveCaller, ReadCaller
from api_stub.http.v1.fields import Instant
from api_stub.http.v1.models.actions import EvidenceOut, SettleIn, build_evidence
from api_stub.http.v1.pages import Page, PageQuery, build_page, read_position
from api_stub.responses.history import ActionDetailOut, ActionOut, EventOut
from db.store import audit
from db.store.actions import control, events
from db.store.reports import overview
from db.store.reports.overview import ActionLine
from tasks.contract import AccountName
from worker.rules.model import ActionState, Kind

router = APIRouter(prefix="/actions", tags=["actions"])

_UNKNOWN = problems(FaultType.ACTION_UNKNOWN)


class ActionQuery(PageQuery):
    """Which actions."""

    account: AccountName | None = Field(None, description="Only this account's.")
    campaign: UUID | None = Field(None, description="Only this campaign's.")
    contact: int | None = Field(None, ge=1, lt=2**63, description="Only those about this contact.")
    kind: Kind | None = Field(None, description="Only of this kind.")
    state: ActionState | None = Field(None, description="Only in this state.")
    since: Instant | None = Field(None, description="Only those planned at this instant or later.")
    until: Instant | None = Field(None, description="Only those planned before this instant.")


@router.get("", responses=problems(FaultType.ACCOUNT_UNKNOWN))
def list_actions(
    request: Request, query: Annotated[ActionQuery, Query()], _caller: ReadCaller, database: AppDatabase
) -> Page[ActionOut]:
    """List actions, newest first, each with its state, the reason and the time before which it waits."""
    before = read_position(request, query, tuple[datetime, UUID])
    with database.snapshot() as session:
        check_account_filter(session, query.account)
        found = overview.list_actions(
            session, limit=query.fetch_limit, before=before, account=query.account, state=query.state,
            kind=query.kind, campaign=query.campaign, since=query.since, until=query.until,
            contacts=None if query.contact is None else [query.contact],
        )  # fmt: skip
    return build_page(
        request, query, found, ActionOut.model_validate, position=lambda line: (line.created_at, line.id)
    )


@router.get("/{action_id}", responses=_UNKNOWN)
def show_action(action_id: UUID, _caller: ReadCaller, database: AppDatabase) -> ActionDetailOut:
    """Show an action with the text that was proven in the thread, and the person's answer."""
    with database.snapshot() as session:
        return ActionDetailOut.model_validate(_require(session, action_id))


@router.get("/{action_id}/events", responses=_UNKNOWN)
def list_action_events(
    request: Request,
    action_id: UUID,
    query: Annotated[PageQuery, Query()],
    _caller: ReadCaller,
    database: AppDatabase,
) -> Page[EventOut]:
    """List an action's history, oldest first: every state change with its time, reason, actor and attempt."""
    after = read_position(request, query, int) or 0
    with database.snapshot() as session:
        _require(session, action_id)
        found = events.list_events(session, action_id, after=after, limit=query.fetch_limit)
    return build_page(request, query, found, EventOut.model_validate, position=lambda event: event.seq)


@router.get("/{action_id}/evidence", responses=_UNKNOWN)
def list_action_evidence(
    action_id: UUID, _caller: ReadCaller, database: AppDatabase, settings: AppSettings
) -> EvidenceOut:
    """List the names of an action's screenshots and traces on the machine that answers."""
    with database.snapshot() as session:
        line = _require(session, action_id)
        account = require_account(session, line.account)
    return build_evidence(find_evidence(settings.evidence_dir, line, account.id))


@router.post("/{action_id}/settle", responses=problems(FaultType.ACTION_UNKNOWN, FaultType.CONFLICT))
def settle_action(
    action_id: UUID, body: SettleIn, caller: ApproveCaller, database: AppDatabase
) -> ActionDetailOut:
    """Settle an action in `needs_review`, by what you saw in the thread.

    `again` sends another message, unless a worker finds the first one in the thread by then.
    """
    with database.transaction() as session:
        _require(session, action_id)
        change = f"action.settle-{body.verdict}"
        audit.record_change(session, by=caller.name, change=change, about=str(action_id))
        is_settled = control.settle_by_hand(session, action_id, body.verdict.state)
        line = _require(session, action_id)
        if not is_settled:
            raise Fault(FaultType.CONFLICT, control.describe_unsettled(line.state, body.verdict))
    return ActionDetailOut.model_validate(line)


def _require(session: Session, action_id: UUID) -> ActionLine:
    line = overview.find_action(session, action_id)
    if line is None:
        raise Fault(FaultType.ACTION_UNKNOWN, "there is no such action")
    return line
