"""Look up what a request names, or answer 404."""

from uuid import UUID

from fastapi import HTTPException
from sqlalchemy.orm import Session

from db.store.campaigns import campaigns
from db.store.campaigns.campaigns import CampaignRecord
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from worker.rules.suggestions import did_you_mean


def require_account(session: Session, name: str) -> AccountRecord:
    """Return the account with this name. Raises HTTPException 404 if there is none."""
    account = accounts.find_account(session, name)
    if account is None:
        near = did_you_mean(accounts.suggest_accounts(session, name))
        raise HTTPException(404, "; ".join(filter(None, (f"there is no account called {name!r}", near))))
    return account


def require_campaign(session: Session, campaign_id: UUID) -> CampaignRecord:
    """Return the campaign with this id. Raises HTTPException 404 if there is none."""
    campaign = campaigns.find_campaign(session, campaign_id)
    if campaign is None:
        raise HTTPException(404, "there is no such campaign (one that was just requested may take a moment)")
    return campaign
