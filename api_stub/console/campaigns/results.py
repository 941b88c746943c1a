"""The people that a campaign's search found, best first, with the reasons of their scores."""

import re
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from api_stub.app_state import AppDatabase
from api_stub.console.campaigns import wording
from api_stub.console.errors import UnknownPageError
from api_stub.console.page import render
from api_stub.console.session import Viewer
from db.store.campaigns import campaigns, search_hits, search_progress
from db.store.campaigns.search_hits import RankingCursor
from worker.rules.model import CampaignKind

router = APIRouter(prefix="/campaigns/{campaign_id}/results", include_in_schema=False)

_A_PAGE: Final = 25
_CURSOR: Final = re.compile(r"([0-9]{1,3}|none)-([0-9]{1,18})")


@router.get("")
def show_results(
    request: Request,
    campaign_id: UUID,
    *,
    viewer: Viewer,
    database: AppDatabase,
    min_score: Annotated[str, Query(max_length=3)] = "",
    after: Annotated[str, Query(max_length=30)] = "",
) -> Response:
    """Show a page of the ranking."""
    least = int(min_score) if re.fullmatch("[0-9]{1,3}", min_score) else None
    with database.snapshot() as session:
        campaign = campaigns.find_campaign(session, campaign_id)
        if campaign is None or campaign.kind not in {CampaignKind.SOURCING, CampaignKind.VISITOR}:
            raise UnknownPageError
        progress = search_progress.get_search_progress(session, campaign_id)
        lines = search_hits.list_hits(
            session, campaign_id, limit=_A_PAGE + 1, after=_read_cursor(after), min_score=least
        )
    last = lines[_A_PAGE - 1] if len(lines) > _A_PAGE else None
    return render(
        request,
        viewer,
        "campaigns/results.html",
        campaign=campaign,
        walk=progress,
        lines=lines[:_A_PAGE],
        older=f"{'none' if last.score is None else last.score}-{last.contact_id}" if last else None,
        is_first=not after,
        min_score="" if least is None else str(least),
        kinds=wording.KINDS,
        criteria_names=wording.CRITERIA,
    )


def _read_cursor(given: str) -> RankingCursor | None:
    if not given:
        return None
    found = _CURSOR.fullmatch(given)
    if found is None:
        raise UnknownPageError
    return RankingCursor(None if found[1] == "none" else int(found[1]), int(found[2]))
