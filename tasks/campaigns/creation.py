"""Create campaigns of any kind: each id once, always with the same options."""

from uuid import UUID

from sqlalchemy.orm import Session

from db.store.campaigns import campaigns, requests
from db.store.campaigns.campaigns import CampaignRecord
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from tasks.contract import CampaignOptions
from tasks.request_rules import fingerprint
from worker import logs
from worker.errors import RequestRefusedError
from worker.rules.texts.suggestions import did_you_mean
from worker.tracing import spans

log = logs.get_logger(__name__)


def require_account(session: Session, name: str) -> AccountRecord:
    """Return the account of that name. Raises RequestRefusedError if there is none."""
    found = accounts.find_account(session, name)
    if found is None:
        near = did_you_mean(accounts.suggest_accounts(session, name))
        advice = near or "`rapport account list` shows all"
        raise RequestRefusedError(f"there is no account called {name!r}; {advice}")
    return found


def add_campaign(
    session: Session,
    account: AccountRecord,
    campaign_id: UUID,
    options: CampaignOptions,
    *,
    stored: CampaignOptions | None = None,
) -> CampaignRecord | None:
    """Add a campaign and lock it; return None if this id was added before with the same options.

    `options` are those of the request, to recognise a repetition; `stored` are saved in the campaign instead,
    if they differ. Raises RequestRefusedError if the id was requested with other options, or if the campaign
    would open pages of a site without an adapter.
    """
    if not requests.claim_campaign_id(session, campaign_id, account.id, fingerprint(options)):
        raise RequestRefusedError(f"campaign_id: {requests.CONFLICTING_REQUEST}")
    new = campaigns.add_campaign(
        session,
        campaign_id=campaign_id,
        account_id=account.id,
        kind=options.kind,
        options=(stored or options).dump_options(),
        correlation_id=logs.current_correlation_id(),
    )
    requests.end_request(session, campaign_id)
    if new:
        spans.mark_campaign(campaign_id, options.kind)
    log.info("campaign_started", campaign=str(campaign_id), account=account.name, kind=options.kind, new=new)
    return campaigns.find_campaign(session, campaign_id, lock=True) if new else None
