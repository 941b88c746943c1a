"""Campaigns: start one of each kind, list and show them, pause, resume and cancel them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field
from sqlalchemy.orm import Session

from api_stub.app_state import AppClient, AppDatabase
from api_stub.campaign_requests import keep_campaign_request, publish_campaign_request
from api_stub.http.faults import Fault, FaultType, wrong_field
from api_stub.http.lookups import check_account_filter, require_account, require_campaign
from api_stub.http.openapi.document import problems
from api_stub.http.v1.caller import ControlCaller, ReadCaller
from api_stub.http.v1.fields import Instant
from api_stub.http.v1.models.campaigns import CampaignStart, PreviewLineOut
from api_stub.http.v1.pages import Page, PageQuery, build_page, read_position
from api_stub.request_checks import check_campaign_request
from api_stub.responses.campaigns import (
    Accepted,
    CampaignChanged,
    CampaignDetailOut,
    CampaignLineOut,
    CampaignSummaryOut,
    build_campaign_detail,
    build_campaign_summary,
    build_requested,
)
from db.engine import Database
from db.store import audit
from db.store.actions import control
from db.store.actions.control import CampaignVerb
from db.store.campaigns import campaigns, requests, search_progress
from db.store.campaigns.saved_searches import NoSavedSearchError
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from db.store.reports import halts, overview, summary
from tasks.contract import AccountName, AnyCampaignRequest
from worker.errors import RequestRefusedError
from worker.rules.model import CampaignKind, CampaignState

router = APIRouter(prefix="/campaigns", tags=["campaigns"])

_UNKNOWN = problems(FaultType.CAMPAIGN_UNKNOWN)
_CHANGE = problems(FaultType.CAMPAIGN_UNKNOWN, FaultType.CONFLICT)


class CampaignQuery(PageQuery):
    """Which campaigns."""

    account: AccountName | None = Field(None, description="Only this account's.")
    kind: CampaignKind | None = Field(None, description="Only of this kind.")
    state: CampaignState | None = Field(None, description="Only in this state.")
    since: Instant | None = Field(None, description="Only those requested at this instant or later.")
    until: Instant | None = Field(None, description="Only those requested before this instant.")


@router.post(
    "",
    status_code=202,
    responses=problems(
        FaultType.ACCOUNT_UNKNOWN, FaultType.SEARCH_UNKNOWN, FaultType.CONFLICT, FaultType.FIELDS_WRONG
    ),
)
def start_campaign(
    body: CampaignStart,
    request: Request,
    response: Response,
    *,
    caller: ControlCaller,
    database: AppDatabase,
    client: AppClient,
) -> Accepted:
    """Start a campaign; with the option `dry_run` a worker only shows what it would do, as its preview.

    Workers plan it and do it, under the account's quota. The same `campaign_id` starts one campaign only.
    """
    wanted = body.to_request()
    correlation_id = request.state.correlation_id
    with database.transaction() as session:
        account = require_account(session, wanted.account)
        _check(session, account, wanted)
        is_repeated = wanted.campaign_id is not None and requests.is_requested(session, wanted.campaign_id)
        campaign_id = keep_campaign_request(session, account, wanted, correlation_id)
        if campaign_id is None:
            raise Fault(FaultType.CONFLICT, requests.CONFLICTING_REQUEST)
        if not is_repeated:
            audit.record_change(session, by=caller.name, change="campaign.start", about=str(campaign_id))
    publish_campaign_request(client, wanted, campaign_id, correlation_id)
    response.headers["Location"] = f"/v1/campaigns/{campaign_id}"
    return Accepted(campaign_id=campaign_id, correlation_id=correlation_id, dry_run=wanted.dry_run)


@router.get("", responses=problems(FaultType.ACCOUNT_UNKNOWN))
def list_campaigns(
    request: Request, query: Annotated[CampaignQuery, Query()], _caller: ReadCaller, database: AppDatabase
) -> Page[CampaignLineOut]:
    """List campaigns, newest first, with the number of their actions in each state."""
    before = read_position(request, query, tuple[datetime, UUID])
    with database.snapshot() as session:
        check_account_filter(session, query.account)
        found = overview.list_campaigns(
            session, limit=query.fetch_limit, before=before, account=query.account, kind=query.kind,
            state=query.state, since=query.since, until=query.until,
        )  # fmt: skip
    return build_page(
        request,
        query,
        found,
        CampaignLineOut.model_validate,
        position=lambda line: (line.created_at, line.id),
    )


@router.get("/{campaign_id}", responses=_UNKNOWN)
def show_campaign(campaign_id: UUID, _caller: ReadCaller, database: AppDatabase) -> CampaignDetailOut:
    """Show a campaign and its progress, also one that no worker has taken up yet."""
    with database.snapshot() as session:
        waiting = requests.find_waiting_request(session, campaign_id)
        campaign = campaigns.find_campaign(session, campaign_id, with_preview=False)
        if campaign is None and waiting is not None:
            stopped_by = _find_stop(session, require_account(session, waiting.account))
            return build_requested(waiting, stopped_by=stopped_by)
        campaign = campaign or require_campaign(session, campaign_id)
        return build_campaign_detail(
            campaign,
            campaigns.count_actions(session, campaign_id),
            search_progress.get_search_progress(session, campaign_id),
            preview_lines=campaigns.count_preview(session, campaign_id),
            stopped_by=_find_stop(session, accounts.get_account(session, campaign.account_id)),
        )


@router.get("/{campaign_id}/summary", responses=_UNKNOWN)
def summarise_campaign(campaign_id: UUID, _caller: ReadCaller, database: AppDatabase) -> CampaignSummaryOut:
    """Return the campaign's results so far: sent, left out by reason, waiting, answered."""
    with database.snapshot() as session:
        require_campaign(session, campaign_id, with_preview=False)
        found = summary.summarise_campaign(session, campaign_id, with_lists=False)
    assert found is not None  # noqa: S101 -- of the same snapshot
    return build_campaign_summary(found)


@router.get("/{campaign_id}/preview", responses=_UNKNOWN)
def list_campaign_preview(
    request: Request,
    campaign_id: UUID,
    query: Annotated[PageQuery, Query()],
    _caller: ReadCaller,
    database: AppDatabase,
) -> Page[PreviewLineOut]:
    """List what a dry run would do, and to whom; empty until a worker has planned it."""
    first = read_position(request, query, int) or 0
    with database.snapshot() as session:
        require_campaign(session, campaign_id, with_preview=False)
        lines = campaigns.list_preview(session, campaign_id, first=first, limit=query.fetch_limit)
    numbered = list(enumerate(lines, first))
    return build_page(
        request,
        query,
        numbered,
        lambda line: PreviewLineOut.model_validate(line[1]),
        position=lambda line: line[0] + 1,
    )


@router.post("/{campaign_id}/pause", responses=_CHANGE)
def pause_campaign(campaign_id: UUID, caller: ControlCaller, database: AppDatabase) -> CampaignChanged:
    """Pause a campaign. Nothing is dropped; uncertain actions are still checked."""
    return _change(database, campaign_id, CampaignVerb.PAUSE, by=caller.name)


@router.post("/{campaign_id}/resume", responses=_CHANGE)
def resume_campaign(campaign_id: UUID, caller: ControlCaller, database: AppDatabase) -> CampaignChanged:
    """Resume a paused campaign."""
    return _change(database, campaign_id, CampaignVerb.RESUME, by=caller.name)


@router.post("/{campaign_id}/cancel", responses=_CHANGE)
def cancel_campaign(campaign_id: UUID, caller: ControlCaller, database: AppDatabase) -> CampaignChanged:
    """End a campaign for good; its planned actions are skipped, uncertain ones are still checked."""
    return _change(database, campaign_id, CampaignVerb.CANCEL, by=caller.name)


def _check(session: Session, account: AccountRecord, wanted: AnyCampaignRequest) -> None:
    try:
        check_campaign_request(session, account, wanted)
    except NoSavedSearchError as error:
        raise Fault(FaultType.SEARCH_UNKNOWN, str(error)) from None
    except RequestRefusedError as error:
        name, _, why = str(error).partition(": ")
        raise wrong_field(f"body.options.{name}", why) from None


def _find_stop(session: Session, account: AccountRecord) -> str | None:
    halted = halts.list_halts(session, account)
    return halted[0].code if halted else None


def _change(database: Database, campaign_id: UUID, verb: CampaignVerb, *, by: str) -> CampaignChanged:
    with database.transaction() as session:
        campaign = require_campaign(session, campaign_id, lock=True, with_preview=False)
        if verb not in control.list_allowed_verbs(campaign.state):
            raise Fault(FaultType.CONFLICT, control.describe_refusal(verb, campaign.state))
        audit.record_change(session, by=by, change=f"campaign.{verb}", about=str(campaign_id))
        dropped = control.change_campaign(session, campaign_id, verb)
        changed = require_campaign(session, campaign_id, with_preview=False)
    return CampaignChanged(id=campaign_id, state=changed.state, dropped=dropped or 0)
