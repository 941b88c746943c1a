"""Proposals: list those that wait for a person, decide on them, and take a decision back."""

from collections.abc import Callable
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import Field
from sqlalchemy.orm import Session

from api_stub.app_state import AppDatabase
from api_stub.http.faults import Fault, FaultType, wrong_field
from api_stub.http.lookups import check_account_filter
from api_stub.http.openapi.document import problems
from api_stub.http.v1.caller import ApproveCaller, ReadCaller
from api_stub.http.v1.models.proposals import (
    ApproveManyIn,
    DecidedManyOut,
    DecidedOut,
    EditIn,
    HoldIn,
    SeenIn,
    UndoneOut,
    build_decided,
    build_decided_many,
)
from api_stub.http.v1.pages import Page, PageQuery, build_page, read_position
from api_stub.responses.proposals import ProposalOut
from db.engine import Database, get_database_time
from db.store.actions.review import approval, proposals, undo
from db.store.actions.review.approval import Decision, DecisionOutcome
from db.store.actions.review.undo import Made
from tasks.contract import AccountName
from worker.errors import RequestRefusedError

router = APIRouter(tags=["proposals"])

_REFUSALS = {
    DecisionOutcome.UNKNOWN: FaultType.ACTION_UNKNOWN,
    DecisionOutcome.CHANGED: FaultType.PROPOSAL_CHANGED,
    DecisionOutcome.DECIDED: FaultType.PROPOSAL_DECIDED,
}
"""The fault of a decision that changed nothing; any other is a conflict."""
_DECIDE = problems(*_REFUSALS.values(), FaultType.CONFLICT)


class ProposalQuery(PageQuery):
    """Which proposals."""

    account: AccountName | None = Field(None, description="Only this account's.")
    campaign: UUID | None = Field(None, description="Only this campaign's.")
    contact: int | None = Field(None, ge=1, lt=2**63, description="Only those to this contact.")


@router.get("/proposals", responses=problems(FaultType.ACCOUNT_UNKNOWN))
def list_proposals(
    request: Request, query: Annotated[ProposalQuery, Query()], _caller: ReadCaller, database: AppDatabase
) -> Page[ProposalOut]:
    """List the proposals that wait, in the order of sending, with what a person needs to decide."""
    after = read_position(request, query, tuple[date, UUID])
    with database.snapshot() as session:
        check_account_filter(session, query.account)
        found = proposals.list_proposals(
            session, limit=query.fetch_limit, after=after, account=query.account, campaign=query.campaign,
            contact=query.contact,
        )  # fmt: skip
    return build_page(
        request, query, found, ProposalOut.model_validate, position=lambda line: (line.occasion_on, line.id)
    )


@router.post("/proposals/approve")
def approve_proposals(body: ApproveManyIn, caller: ApproveCaller, database: AppDatabase) -> DecidedManyOut:
    """Approve several proposals, each by the hash of what was seen; those that have changed stay proposed."""
    with database.transaction() as session:
        made = undo.approve(session, body.seen, by=caller.name)
        return build_decided_many(made, get_database_time(session))


@router.get(
    "/proposals/{action_id}", responses=problems(FaultType.ACTION_UNKNOWN, FaultType.PROPOSAL_DECIDED)
)
def show_proposal(action_id: UUID, _caller: ReadCaller, database: AppDatabase) -> ProposalOut:
    """Show a proposal with the last contact and the last texts to the person."""
    with database.snapshot() as session:
        proposal = proposals.find_proposal(session, action_id)
        if proposal is None:
            raise _refuse(approval.find_decision(session, action_id))
    return ProposalOut.model_validate(proposal)


@router.post("/proposals/{action_id}/approve", responses=_DECIDE)
def approve_proposal(
    action_id: UUID, body: SeenIn, caller: ApproveCaller, database: AppDatabase
) -> DecidedOut:
    """Approve a proposal; it is sent when every gate is open."""
    return _decide(
        database, action_id, lambda session: undo.approve(session, {action_id: body.seen}, by=caller.name)
    )


@router.post("/proposals/{action_id}/edit", responses=_DECIDE)
def edit_proposal(action_id: UUID, body: EditIn, caller: ApproveCaller, database: AppDatabase) -> DecidedOut:
    """Approve a proposal with another text."""
    return _decide(
        database,
        action_id,
        lambda session: undo.approve(session, {action_id: body.seen}, by=caller.name, text=body.message),
    )


@router.post("/proposals/{action_id}/drop", responses=_DECIDE)
def drop_proposal(action_id: UUID, body: SeenIn, caller: ApproveCaller, database: AppDatabase) -> DecidedOut:
    """Leave the person out this time."""
    return _decide(
        database, action_id, lambda session: undo.drop(session, action_id, seen=body.seen, by=caller.name)
    )


@router.post("/proposals/{action_id}/hold", responses=_DECIDE)
def hold_proposal(action_id: UUID, body: HoldIn, caller: ApproveCaller, database: AppDatabase) -> DecidedOut:
    """Put the person on hold until a day, in every account that knows them; the proposal still waits."""
    try:
        return _decide(
            database,
            action_id,
            lambda session: undo.hold(session, action_id, body.until, seen=body.seen, by=caller.name),
        )
    except RequestRefusedError as error:
        raise wrong_field("body.until", str(error)) from None


@router.post("/proposals/{action_id}/never", responses=_DECIDE)
def never_contact_recipient(
    action_id: UUID, body: SeenIn, caller: ApproveCaller, database: AppDatabase
) -> DecidedOut:
    """Never contact the person again, from any account that knows them; all proposals to them are skipped."""
    return _decide(
        database, action_id, lambda session: undo.never(session, action_id, seen=body.seen, by=caller.name)
    )


@router.post("/decisions/{decision_id}/undo", responses=problems(FaultType.DECISION_UNKNOWN))
def undo_decision(decision_id: UUID, caller: ApproveCaller, database: AppDatabase) -> UndoneOut:
    """Take a decision of the same key back, within 30 seconds and before a worker takes it up."""
    with database.transaction() as session:
        outcomes = undo.take_back(session, decision_id, by=caller.name)
    if not outcomes:
        raise Fault(FaultType.DECISION_UNKNOWN, "this key has made no such decision")
    return UndoneOut(outcomes=dict(outcomes))


def _decide(database: Database, action_id: UUID, how: Callable[[Session], Made]) -> DecidedOut:
    with database.transaction() as session:
        made = how(session)
        decision = made.decisions[action_id]
        if decision.outcome is not DecisionOutcome.DONE:
            raise _refuse(decision)
        return build_decided(made, action_id, get_database_time(session))


def _refuse(decision: Decision) -> Fault:
    kind = _REFUSALS.get(decision.outcome, FaultType.CONFLICT)
    return Fault(kind, approval.describe_refusal(decision))
