"""Start campaigns and follow them."""

from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, HTTPException, Request

from api_stub.http.access import AppClient, AppDatabase, require_key
from api_stub.http.schemas import Accepted, CampaignOut
from db.store import accounts, campaigns
from tasks.contract import BIRTHDAY_CAMPAIGN, BirthdayCampaign

router = APIRouter(prefix="/control", tags=["control"], dependencies=[Depends(require_key)])


@router.post("/birthday", status_code=202)
def start_birthday(
    body: BirthdayCampaign, request: Request, database: AppDatabase, client: AppClient
) -> Accepted:
    """Ask for a birthday campaign; with `dry_run` it only says what would be sent."""
    with database.transaction() as session:
        if accounts.by_name(session, body.account) is None:
            raise HTTPException(404, f"there is no account called {body.account!r}")
    campaign_id = body.campaign_id or uuid4()
    payload = body.model_copy(update={"campaign_id": campaign_id})
    correlation_id = request.state.correlation_id
    client.send(BIRTHDAY_CAMPAIGN, payload, correlation_id=correlation_id)
    return Accepted(campaign_id=campaign_id, correlation_id=correlation_id, dry_run=body.dry_run)


@router.get("/campaigns/{campaign_id}")
def show_campaign(campaign_id: UUID, database: AppDatabase) -> CampaignOut:
    """Return a campaign and how far it is."""
    with database.transaction() as session:
        campaign = campaigns.get(session, campaign_id)
        if campaign is None:
            raise HTTPException(404, "there is no such campaign (one just asked for may take a moment)")
        counts = campaigns.progress(session, campaign_id)
    return CampaignOut(
        id=campaign.id,
        account=campaign.account,
        kind=campaign.kind,
        state=campaign.state,
        reason=campaign.reason,
        detail=campaign.detail,
        options=campaign.options,
        actions={str(state): count for state, count in counts.items()},
        preview=campaign.preview,
        correlation_id=campaign.correlation_id,
        created_at=campaign.created_at,
    )
