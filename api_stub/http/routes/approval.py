"""List proposals, and approve, edit or drop them."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, HTTPException, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api_stub.http.dependencies import AppDatabase, require_key
from api_stub.http.openapi import problem_responses
from db.store.actions import approval, proposals
from db.store.actions.approval import Decision, DecisionOutcome
from db.store.campaigns import campaigns
from tasks.contract import AccountName, ActorName
from worker.rules.messages.approval import validate_message
from worker.rules.messages.templates import MAX_MESSAGE_CHARACTERS

router = APIRouter(prefix="/control", tags=["approval"], dependencies=require_key)

Seen = Annotated[
    str, Field(pattern=r"^[0-9a-f]{64}$", description="`seen` of the proposal that the person saw.")
]


class By(BaseModel):
    """Who decides."""

    model_config = ConfigDict(extra="forbid")

    by: ActorName = Field("the API", description="Who decides; it is kept.")


class Approve(By):
    """Approve, if recipient and text are still those that were seen."""

    seen: Seen


class Edit(Approve):
    """Approve with another text."""

    message: Annotated[str, AfterValidator(validate_message)] = Field(
        description="What is sent instead.",
        json_schema_extra={
            "minLength": 1,
            "maxLength": MAX_MESSAGE_CHARACTERS,
            "pattern": r"^[^\x00-\t\x0b-\x1f\x7f-\x9f]*$",
        },
    )


class ApproveMany(By):
    """Approve several proposals, each if it is still the one that was seen."""

    seen: Annotated[dict[UUID, Seen], Field(min_length=1, max_length=1000)] = Field(
        description="By action: `seen` of the proposal that the person saw."
    )


class PastTextOut(BaseModel):
    """A text that the account sent to the person."""

    model_config = ConfigDict(from_attributes=True)

    at: datetime
    message: str


class LastContactOut(BaseModel):
    """The last contact between the account and the person."""

    model_config = ConfigDict(from_attributes=True)

    at: datetime
    kind: str | None = Field(description="What the account did; null: the person wrote.")


class ProposalOut(BaseModel):
    """One proposed action, with the facts for the decision."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    account: str
    campaign_id: UUID
    kind: str
    contact: str
    profile_url: str
    headline: str | None
    company: str | None
    language: str | None
    do_not_contact: bool = Field(description="If true, it can't be approved.")
    occasion_on: date
    days_late: int
    message: str
    worded_for: date | None = Field(description="The sending day that the text was written for; null: any.")
    expires_on: date | None = Field(description="The last day on which it is sent.")
    last_contact: LastContactOut | None
    past_texts: list[PastTextOut] = Field(description="The last three, newest first.")
    seen: str = Field(description="Pass it as `seen`: the approval is bound to this recipient and text.")


class ProposalPage(BaseModel):
    """The latest occasions first. Pass `next_after` as `after` for the next page; it is null at the end."""

    items: list[ProposalOut]
    next_after: UUID | None


class Decided(BaseModel):
    """The action after the decision."""

    id: UUID
    state: str
    reason: str | None


class DecidedMany(BaseModel):
    """The result of each approval."""

    approved: list[UUID]
    refused: dict[UUID, str] = Field(description="By action: why it was not approved. It is unchanged.")


@router.get("/proposals")
def list_proposals(
    database: AppDatabase,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    after: Annotated[UUID | None, Query(description="`next_after` of the page before.")] = None,
    account: Annotated[AccountName | None, Query(description="Only this account's.")] = None,
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
        if campaigns.find_campaign(session, campaign_id) is None:
            raise HTTPException(404, "there is no such campaign")
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
