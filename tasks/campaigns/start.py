"""Starting a campaign of any kind: by name, over HTTP or by a schedule, each id once."""

from uuid import UUID

from sqlalchemy.orm import Session

from db.store.campaigns import campaigns, requests
from db.store.campaigns.campaigns import CampaignRecord
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from tasks.contract import CampaignOptions, fingerprint, require_adapter
from worker import logs
from worker.errors import RequestRefusedError
from worker.rules.model import CampaignKind

log = logs.get_logger(__name__)


def require_account(session: Session, name: str) -> AccountRecord:
    """Return the account of that name. Raises RequestRefusedError where there is none."""
    found = accounts.find_account(session, name)
    if found is None:
        raise RequestRefusedError(f"there is no account called {name!r}; `rapport account list` shows all")
    return found


def add_campaign(
    session: Session,
    account: AccountRecord,
    kind: CampaignKind,
    campaign_id: UUID,
    options: CampaignOptions,
    *,
    kept: CampaignOptions | None = None,
) -> CampaignRecord | None:
    """Add a campaign with its options as they were asked for, or as `kept` has them, filled in.

    None: this id was started before, with the same options. Raises RequestRefusedError where it was asked for
    with others, and where pages of a site without an adapter would be opened.
    """
    require_adapter(account.site, options)
    if not requests.claim_campaign_id(session, campaign_id, account.id, fingerprint(kind, options)):
        raise RequestRefusedError(f"campaign_id: {requests.CONFLICTING_REQUEST}")
    new = campaigns.add_campaign(
        session,
        campaign_id=campaign_id,
        account_id=account.id,
        kind=kind,
        options=(kept or options).model_dump(mode="json"),
        correlation_id=logs.current_correlation_id(),
    )
    log.info("campaign_started", campaign=str(campaign_id), account=account.name, kind=kind, new=new)
    return campaigns.find_campaign(session, campaign_id, lock=True) if new else None
