"""The people that a campaign's search found, best first, and scoring them by new criteria."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import Field
from sqlalchemy.orm import Session

from api_stub.app_state import AppDatabase
from api_stub.http.faults import Fault, FaultType, wrong_field
from api_stub.http.lookups import require_campaign
from api_stub.http.openapi.document import problems
from api_stub.http.v1.caller import ControlCaller, ReadCaller
from api_stub.http.v1.models.searches import (
    EstimateOut,
    HitOut,
    RescoredOut,
    RescoreIn,
    build_estimate,
    build_hit,
    build_rescored,
)
from api_stub.http.v1.pages import Page, PageQuery, build_page, read_position
from api_stub.responses.forecast import DEFAULT_LATE_DAYS
from db.engine import today_in
from db.store import audit
from db.store.campaigns import rescoring, search_hits
from db.store.campaigns.campaigns import CampaignRecord
from db.store.campaigns.search_hits import RankingCursor
from db.store.people import accounts
from db.store.quota import search_forecast
from db.store.reports.forecasts import campaign_forecast
from worker.rules.model import CampaignKind
from worker.rules.sourcing.criteria import given_criteria

router = APIRouter(prefix="/campaigns/{campaign_id}", tags=["campaigns"])


class ResultQuery(PageQuery):
    """Which of the people found."""

    min_score: int | None = Field(None, ge=0, le=100, description="Only people with this score or more.")


@router.get("/results", responses=problems(FaultType.CAMPAIGN_UNKNOWN, FaultType.CONFLICT))
def list_results(
    request: Request,
    campaign_id: UUID,
    query: Annotated[ResultQuery, Query()],
    _caller: ReadCaller,
    database: AppDatabase,
) -> Page[HitOut]:
    """List the people that a search found, best first, with the reasons of their scores."""
    place = read_position(request, query, tuple[int, int | None, int])
    ranked, after = (place[0], RankingCursor(*place[1:])) if place else (0, None)
    with database.snapshot() as session:
        _require_search(session, campaign_id)
        found = search_hits.list_hits(
            session, campaign_id, limit=query.fetch_limit, after=after, min_score=query.min_score
        )
    return build_page(
        request,
        query,
        list(enumerate(found, ranked + 1)),
        lambda line: build_hit(*line),
        position=lambda line: (line[0], line[1].score, line[1].contact_id),
    )


@router.get("/estimate", responses=problems(FaultType.CAMPAIGN_UNKNOWN))
def estimate_campaign(campaign_id: UUID, _caller: ReadCaller, database: AppDatabase) -> EstimateOut:
    """Estimate when a campaign is done under the quota, if nothing fails and everybody found is new."""
    with database.snapshot() as session:
        campaign = require_campaign(session, campaign_id, with_preview=False)
        account = accounts.get_account(session, campaign.account_id)
        ends_at = campaign_forecast.forecast_end(
            session, account, campaign, default_late_days=DEFAULT_LATE_DAYS
        )
        searches = campaign.kind is CampaignKind.SOURCING or bool(campaign.options.get("saved_search"))
        estimate = (
            search_forecast.estimate_search(
                session, account.id, people=campaign.options["limit"], campaign_id=campaign_id
            )
            if searches
            else None
        )
    return build_estimate(ends_at, estimate)


@router.post("/rescore", responses=problems(FaultType.CAMPAIGN_UNKNOWN, FaultType.CONFLICT))
def rescore_results(
    campaign_id: UUID, body: RescoreIn, caller: ControlCaller, database: AppDatabase
) -> RescoredOut:
    """Score the people that a search found by new criteria, from stored profiles. No profile is opened.

    The campaign uses the new criteria from now on, also for people that it finds later.
    """
    if not given_criteria(body.criteria):
        raise wrong_field("body.criteria", "there is nothing to score by")
    with database.transaction() as session:
        campaign = _require_search(session, campaign_id)
        if campaign.kind is not CampaignKind.SOURCING:
            raise Fault(FaultType.CONFLICT, f"a {campaign.kind} campaign has no scores")
        audit.record_change(session, by=caller.name, change="campaign.rescore", about=str(campaign_id))
        today = today_in(session, accounts.get_account(session, campaign.account_id).zone)
        report = rescoring.rescore_hits(session, campaign_id, body.criteria, today)
    return build_rescored(report)


def _require_search(session: Session, campaign_id: UUID) -> CampaignRecord:
    campaign = require_campaign(session, campaign_id, with_preview=False)
    if campaign.kind not in {CampaignKind.SOURCING, CampaignKind.VISITOR}:
        raise Fault(FaultType.CONFLICT, f"a {campaign.kind} campaign searches for nobody")
    return campaign
