"""What each campaign id was asked for, from the first request on, whether or not a worker has met it yet."""

from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.tables import CampaignRequest

CONFLICTING_REQUEST: Final = (
    "a campaign was asked for under this id before, for another account, kind or options; "
    "choose a new id, or repeat the request as it was"
)


def claim_campaign_id(session: Session, campaign_id: UUID, account_id: int, fingerprint: str) -> bool:
    """Keep what the id is asked for. False where it was asked for something else before.

    Of two at once, one waits for the other's commit.
    """
    row = {"campaign_id": campaign_id, "account_id": account_id, "fingerprint": fingerprint}
    session.execute(insert(CampaignRequest).values(row).on_conflict_do_nothing())
    found = session.execute(
        select(CampaignRequest.account_id, CampaignRequest.fingerprint).where(
            CampaignRequest.campaign_id == campaign_id
        )
    ).one()
    return tuple(found) == (account_id, fingerprint)
