"""Campaign ids as idempotency keys: what each id was first requested for."""

from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.tables import CampaignRequest

CONFLICTING_REQUEST: Final = (
    "this id was already used for another account, kind or options; choose a new id, or repeat the same "
    "request"
)


def claim_campaign_id(session: Session, campaign_id: UUID, account_id: int, fingerprint: str) -> bool:
    """Store what the id is requested for. Return False if it was requested for something else before.

    Of two concurrent requests, the second waits for the first one's commit.
    """
    row = {"campaign_id": campaign_id, "account_id": account_id, "fingerprint": fingerprint}
    session.execute(insert(CampaignRequest).values(row).on_conflict_do_nothing())
    found = session.execute(
        select(CampaignRequest.account_id, CampaignRequest.fingerprint).where(
            CampaignRequest.campaign_id == campaign_id
        )
    ).one()
    return tuple(found) == (account_id, fingerprint)
