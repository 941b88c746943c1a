"""List proposals, and approve, edit or drop them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, HTTPException, Query

from api_stub.http.dependencies import AccountFilter, AppDatabase, PageLimit, require_key
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
from api_stub.http.openapi import problem_responses
from api_stub.responses.proposals import ProposalOut
from db.store.actions import approval, proposals
from db.store.actions.approval import Decision, DecisionOutcome

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
    with database.transaction() as session:
        found = proposals.list_proposals(
            session, limit=limit, after=after, account=account, campaign=campaign
        )
    return ProposalPage(
        items=[ProposalOut.model_validate(proposal) for proposal in found],
        next_after=found[-1].id if len(found) == limit else None,
    )


@router.post("/actions/{action_id}/approve", responses=problem_responses(404, 409))
def approve(action_id: UUID, body: Approve, database: AppDatabase) -> Decided:
    """Approve a proposed action; it is sent when its turn comes."""
    with database.transaction() as session:
        decision = approval.approve_proposal(session, action_id, seen=body.seen, by=body.by)
    return _to_response(action_id, decision)


@router.post("/actions/{action_id}/edit", responses=problem_responses(404, 409))
def edit(action_id: UUID, body: Edit, database: AppDatabase) -> Decided:
    """Approve a proposed action with another text."""
    with database.transaction() as session:
        decision = approval.edit_proposal(session, action_id, body.message, seen=body.seen, by=body.by)
    return _to_response(action_id, decision)


@router.post("/actions/{action_id}/drop", responses=problem_responses(404, 409))
def drop(action_id: UUID, body: By, database: AppDatabase) -> Decided:
    """Leave the person out this time."""
    with database.transaction() as session:
        decision = approval.drop_proposal(session, action_id, by=body.by)
    return _to_response(action_id, decision)


@router.post("/actions/{action_id}/never", responses=problem_responses(404, 409))
def never(action_id: UUID, body: By, database: AppDatabase) -> Decided:
    """Mark the person as do-not-contact, for every account that knows the address."""
    with database.transaction() as session:
        decision = approval.never_contact(session, action_id, by=body.by)
    return _to_response(action_id, decision)


@router.post("/campaigns/{campaign_id}/approve", responses=problem_responses(404))
def approve_many(campaign_id: UUID, body: ApproveMany, database: AppDatabase) -> DecidedMany:
    """Approve the given proposals of a campaign; those that have changed since stay proposed."""
    with database.transaction() as session:
        require_campaign(session, campaign_id)
        decisions = approval.approve_proposals(session, campaign_id, body.seen, by=body.by)
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


def _to_response(action_id: UUID, decision: Decision) -> Decided:
    if decision.outcome is DecisionOutcome.UNKNOWN:
        raise HTTPException(404, approval.describe_refusal(decision))
    if decision.outcome is not DecisionOutcome.DONE or decision.state is None:
        raise HTTPException(409, approval.describe_refusal(decision))
    return Decided(id=action_id, state=decision.state, reason=decision.reason)
