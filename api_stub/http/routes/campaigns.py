"""Start, list, show, pause, resume and cancel campaigns."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, HTTPException, Query, Request

from api_stub.app_state import AppClient, AppDatabase
from api_stub.campaign_requests import keep_campaign_request, publish_campaign_request
from api_stub.client import TaskClient
from api_stub.http.dependencies import AccountFilter, PageLimit, require_key
from api_stub.http.faults import Fault, FaultType, FieldFault
from api_stub.http.lookups import require_account, require_campaign
from api_stub.http.openapi.document import problem_responses
from api_stub.http.v1.caller import Caller, ControlCaller
from api_stub.request_checks import check_campaign_request
from api_stub.responses.campaigns import (
    Accepted,
    CampaignChanged,
    CampaignLineOut,
    CampaignOut,
    CampaignPage,
)
from db.engine import Database
from db.store.actions import control
from db.store.actions.control import CampaignVerb
from db.store.audit import name_actor, record_change
from db.store.campaigns import campaigns, requests, searches
from db.store.campaigns.saved_searches import NoSavedSearchError
from db.store.people import accounts
from db.store.reports import halts, overview
from tasks.contract import (
    AnyCampaignRequest,
    BirthdayCampaign,
    InvitationsCampaign,
    SourcingCampaign,
    VisitorCampaign,
)
from worker.errors import RequestRefusedError
from worker.rules.reports.campaign_progress import campaign_progress

router = APIRouter(prefix="/control", tags=["control"], dependencies=require_key)


@router.post("/birthday", status_code=202, responses=problem_responses(404, 409))
def start_birthday(
    body: BirthdayCampaign, caller: ControlCaller, request: Request, database: AppDatabase, client: AppClient
) -> Accepted:
    """Start a birthday campaign; with `dry_run` it only shows what would be sent."""
    return _start(body, caller, request, database, client)


@router.post("/visitor", status_code=202, responses=problem_responses(404, 409))
def start_visitor(
    body: VisitorCampaign, caller: ControlCaller, request: Request, database: AppDatabase, client: AppClient
) -> Accepted:
    """Start a visitor campaign; with `dry_run` it only shows who would be visited."""
    return _start(body, caller, request, database, client)


@router.post("/sourcing", status_code=202, responses=problem_responses(404, 409))
def start_sourcing(
    body: SourcingCampaign, caller: ControlCaller, request: Request, database: AppDatabase, client: AppClient
) -> Accepted:
    """Start a sourcing campaign; with `dry_run` no page is opened."""
    return _start(body, caller, request, database, client)


@router.post("/invitations", status_code=202, responses=problem_responses(404, 409))
def start_invitations(
    body: InvitationsCampaign,
    caller: ControlCaller,
    request: Request,
    database: AppDatabase,
    client: AppClient,
) -> Accepted:
    """Start a campaign that withdraws old invitations; with `dry_run` it only lists them."""
    return _start(body, caller, request, database, client)


@router.get("/campaigns")
def list_campaigns(
    database: AppDatabase,
    limit: PageLimit = 100,
    before: Annotated[UUID | None, Query(description="`next_before` of the page before.")] = None,
    account: AccountFilter = None,
) -> CampaignPage:
    """Return campaigns, newest first, with the number of their actions in each state."""
    with database.snapshot() as session:
        found = overview.list_campaigns(session, limit=limit, before=before, account=account)
    return CampaignPage(
        items=[CampaignLineOut.model_validate(line) for line in found],
        next_before=found[-1].id if len(found) == limit else None,
    )


@router.get("/campaigns/{campaign_id}", responses=problem_responses(404))
def show_campaign(campaign_id: UUID, database: AppDatabase) -> CampaignOut:
    """Return a campaign and its progress."""
    with database.snapshot() as session:
        campaign = require_campaign(session, campaign_id)
        counts = campaigns.count_actions(session, campaign_id)
        search = searches.find_search(session, campaign_id)
        halted = halts.list_halts(session, accounts.get_account(session, campaign.account_id))
    return CampaignOut(
        id=campaign.id,
        account=campaign.account,
        kind=campaign.kind,
        state=campaign.state,
        progress=campaign_progress(campaign.state, counts, dry_run=campaign.is_dry_run),
        reason=campaign.reason,
        detail=campaign.detail,
        options=campaign.options,
        actions={str(state): count for state, count in counts.items()},
        preview=campaign.preview,
        pages=search.pages if search else None,
        found=search.found if search else None,
        ended=search.ended if search else None,
        stopped_by=halted[0].code if halted else None,
        correlation_id=campaign.correlation_id,
        created_at=campaign.created_at,
    )


@router.post("/campaigns/{campaign_id}/pause", responses=problem_responses(404, 409))
def pause_campaign(campaign_id: UUID, caller: ControlCaller, database: AppDatabase) -> CampaignChanged:
    """Pause a campaign; nothing is dropped."""
    return _change(database, campaign_id, CampaignVerb.PAUSE, by=caller.name)


@router.post("/campaigns/{campaign_id}/resume", responses=problem_responses(404, 409))
def resume_campaign(campaign_id: UUID, caller: ControlCaller, database: AppDatabase) -> CampaignChanged:
    """Resume a paused campaign."""
    return _change(database, campaign_id, CampaignVerb.RESUME, by=caller.name)


@router.post("/campaigns/{campaign_id}/cancel", responses=problem_responses(404, 409))
def cancel_campaign(campaign_id: UUID, caller: ControlCaller, database: AppDatabase) -> CampaignChanged:
    """End a campaign for good; its planned actions are skipped."""
    return _change(database, campaign_id, CampaignVerb.CANCEL, by=caller.name)


def _start(
    body: AnyCampaignRequest,
    caller: Caller,
    request: Request,
    database: Database,
    client: TaskClient,
) -> Accepted:
    """Check the request, keep it, and publish the task."""
    correlation_id = request.state.correlation_id
    with database.transaction() as session:
        account = require_account(session, body.account)
        try:
            check_campaign_request(session, account, body)
        except NoSavedSearchError as error:
            raise HTTPException(404, f"body.{error}") from None
        except RequestRefusedError as error:
            name, _, why = str(error).partition(": ")
            wrong = FieldFault(f"body.{name}", why)
            raise Fault(FaultType.FIELDS_WRONG, f"body.{error}", errors=[wrong]) from None
        is_repeated = body.campaign_id is not None and requests.is_requested(session, body.campaign_id)
        campaign_id = keep_campaign_request(session, account, body, correlation_id)
        if campaign_id is None:
            raise HTTPException(409, requests.CONFLICTING_REQUEST)
        if not is_repeated:
            record_change(session, by=caller.name, change="campaign.start", about=str(campaign_id))
    publish_campaign_request(client, body, campaign_id, correlation_id)
    return Accepted(campaign_id=campaign_id, correlation_id=correlation_id, dry_run=body.dry_run)


def _change(database: Database, campaign_id: UUID, verb: CampaignVerb, *, by: str) -> CampaignChanged:
    with database.transaction() as session:
        name_actor(session, by)
        dropped = control.change_campaign(session, campaign_id, verb)
        if dropped is not None:
            record_change(session, by=by, change=f"campaign.{verb}", about=str(campaign_id))
        campaign = require_campaign(session, campaign_id)
    if dropped is None:
        raise HTTPException(409, control.describe_refusal(verb, campaign.state))
    return CampaignChanged(id=campaign_id, state=campaign.state, dropped=dropped)
