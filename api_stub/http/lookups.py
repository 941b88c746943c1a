"""Look up what a request names, or answer 404."""

from uuid import UUID

from sqlalchemy.orm import Session

from api_stub.http.faults import Fault, FaultType
from db.store.campaigns import campaigns
from db.store.campaigns.campaigns import CampaignRecord
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from worker.rules.texts.suggestions import did_you_mean


def require_account(session: Session, name: str, *, lock: bool = False) -> AccountRecord:
    """Return the account with this name. Raises Fault `account-unknown`."""
    account = accounts.find_account(session, name, lock=lock)
    if account is None:
        near = did_you_mean(accounts.suggest_accounts(session, name))
        detail = "; ".join(filter(None, (f"there is no account called {name!r}", near)))
        raise Fault(FaultType.ACCOUNT_UNKNOWN, detail)
    return account


def check_account_filter(session: Session, name: str | None) -> None:
    """Raise Fault `account-unknown` if a list is filtered by an account that doesn't exist."""
    if name is not None:
        require_account(session, name)


def require_campaign(
    session: Session, campaign_id: UUID, *, lock: bool = False, with_preview: bool = True
) -> CampaignRecord:
    """Return the campaign with this id. Raises Fault `campaign-unknown`."""
    campaign = campaigns.find_campaign(session, campaign_id, lock=lock, with_preview=with_preview)
    if campaign is None:
        raise Fault(
            FaultType.CAMPAIGN_UNKNOWN,
            "there is no such campaign (one that was just requested may take a moment)",
        )
    return campaign
