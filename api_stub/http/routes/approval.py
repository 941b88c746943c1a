"""List proposals, and approve, edit or drop them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, HTTPException, Query
from sqlalchemy.orm import Session

from api_stub.app_state import AppDatabase
from api_stub.http.dependencies import AccountFilter, PageLimit, require_key
from api_stub.http.lookups import require_campaign
from api_stub.http.models.approval import (
    Approve,
    ApproveMany,
    By,
    Decided,
    DecidedMany,
    Edit,
    ProposalPage,
)
from api_stub.http.openapi.document import problem_responses
from api_stub.http.v1.caller import ApproveCaller
from api_stub.responses.proposals import ProposalOut
from db.engine import Database
from db.store.actions.review import approval, proposals
from db.store.actions.review.approval import Decision, DecisionOutcome
from db.store.audit import name_actor, record_change
from worker.rules.messages.approval import Choice

router = APIRouter(prefix="/control", tags=["approval"], dependencies=require_key)


@router.get("/proposals")
def list_proposals(
    database: AppDatabase,
    limit: PageLimit = 100,
    after: Annotated[UUID | None, Query(description="`next_after` of the page before.")] = None,
    account: AccountFilter = None,
    campaign: Annotated[UUID | None, Query(description="Only this campaign's.")] = None,
) -> ProposalPage:
    """Return the proposals that wait, with the last contact and the last texts to each person."""
    with database.snapshot() as session:
        found = proposals.list_proposals(
            session, limit=limit, after=after, account=account, campaign=campaign
        )
    return ProposalPage(
        items=[ProposalOut.model_validate(proposal) for proposal in found],
        next_after=found[-1].id if len(found) == limit else None,
    )


@router.post("/actions/{action_id}/approve", responses=problem_responses(404, 409))
def approve(action_id: UUID, body: Approve, caller: ApproveCaller, database: AppDatabase) -> Decided:
    """Approve a proposed action; it is sent when every gate is open."""
    by = caller.acting_for(body.by)
    with _deciding(database, by) as session:
        decision = approval.approve_proposal(session, action_id, seen=body.seen, by=by)
        _record(session, {action_id: decision}, Choice.APPROVED, by=by)
    return _to_response(action_id, decision)


@router.post("/actions/{action_id}/edit", responses=problem_responses(404, 409))
def edit(action_id: UUID, body: Edit, caller: ApproveCaller, database: AppDatabase) -> Decided:
    """Approve a proposed action with another text."""
    by = caller.acting_for(body.by)
    with _deciding(database, by) as session:
        decision = approval.edit_proposal(session, action_id, body.message, seen=body.seen, by=by)
        _record(session, {action_id: decision}, Choice.APPROVED, by=by)
    return _to_response(action_id, decision)


@router.post("/actions/{action_id}/drop", responses=problem_responses(404, 409))
def drop(action_id: UUID, body: By, caller: ApproveCaller, database: AppDatabase) -> Decided:
    """Leave the person out this time."""
    by = caller.acting_for(body.by)
    with _deciding(database, by) as session:
        decision = approval.drop_proposal(session, action_id, by=by)
        _record(session, {action_id: decision}, Choice.DROPPED, by=by)
    return _to_response(action_id, decision)


@router.post("/actions/{action_id}/never", responses=problem_responses(404, 409))
def never(action_id: UUID, body: By, caller: ApproveCaller, database: AppDatabase) -> Decided:
    """Mark the person as do-not-contact, for every account that knows the address."""
    by = caller.acting_for(body.by)
    with _deciding(database, by) as session:
        decision = approval.never_contact(session, action_id, by=by)
        _record(session, {action_id: decision}, Choice.NEVER, by=by)
    return _to_response(action_id, decision)


@router.post("/campaigns/{campaign_id}/approve", responses=problem_responses(404))
def approve_many(
    campaign_id: UUID, body: ApproveMany, caller: ApproveCaller, database: AppDatabase
) -> DecidedMany:
    """Approve the given proposals of a campaign; those that have changed since stay proposed."""
    by = caller.acting_for(body.by)
    with _deciding(database, by) as session:
        require_campaign(session, campaign_id)
        decisions = approval.approve_proposals(session, campaign_id, body.seen, by=by)
        _record(session, decisions, Choice.APPROVED, by=by)
    done = {
        action_id for action_id, decision in decisions.items() if decision.outcome is DecisionOutcome.DONE
    }
    return DecidedMany(
        approved=sorted(done),
        refused={
            action_id: approval.describe_refusal(decision)
            for action_id, decision in decisions.items()
            if action_id not in done
        },
    )


@contextmanager
def _deciding(database: Database, by: str) -> Iterator[Session]:
    """Run the block in one transaction, whose events of actions name `by`."""
    with database.transaction() as session:
        name_actor(session, by)
        yield session


def _record(session: Session, decisions: Mapping[UUID, Decision], choice: Choice, *, by: str) -> None:
    """Record the decisions that were made, as the console does."""
    for action_id, decision in decisions.items():
        if decision.outcome is DecisionOutcome.DONE:
            record_change(session, by=by, change=f"proposal.{choice}", about=str(action_id))


def _to_response(action_id: UUID, decision: Decision) -> Decided:
    if decision.outcome is DecisionOutcome.UNKNOWN:
        raise HTTPException(404, approval.describe_refusal(decision))
    if decision.outcome is not DecisionOutcome.DONE or decision.state is None:
        raise HTTPException(409, approval.describe_refusal(decision))
    return Decided(id=action_id, state=decision.state, reason=decision.reason)
