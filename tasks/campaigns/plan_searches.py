"""Campaigns that search: sourcing, and visits to whom a saved search finds. The first page is planned."""

from uuid import UUID

from sqlalchemy.orm import Session

from db.clock import today_in
from db.store.campaigns import campaigns, saved_searches, searches
from db.store.campaigns.campaigns import CampaignRecord
from db.store.campaigns.saved_searches import SearchSpec
from db.store.people.accounts import AccountRecord
from tasks.actions.collect import plan_search_page
from tasks.campaigns.start import add_campaign, require_account
from tasks.contract import SourcingOptions
from worker.rules.model import CampaignKind
from worker.rules.sourcing.criteria import needed_sections
from worker.rules.sourcing.search import build_search_url


def start_sourcing_campaign(
    session: Session, *, account: str, campaign_id: UUID, options: SourcingOptions
) -> None:
    """Add a sourcing campaign and plan the first page of its search.

    Its options are kept with the criteria of the saved search, as they are now. Raises RequestRefusedError
    for an account or saved search that isn't there, for an address that is no people search of the account's
    own site, and for criteria that nothing can be searched by; then nothing is planned.
    """
    found = require_account(session, account)
    wanted = saved_searches.wanted(
        session, found, url=options.url, name=options.saved_search, criteria=options.criteria
    )
    resolved = options.model_copy(update={"criteria": wanted.criteria})
    campaign = add_campaign(session, found, CampaignKind.SOURCING, campaign_id, options, kept=resolved)
    if campaign is None:
        return
    if options.dry_run:
        campaigns.mark_planned(session, campaign_id, preview=[_preview(found, wanted)])
        return
    begin_search(session, found, campaign, wanted)


def begin_search(
    session: Session, account: AccountRecord, campaign: CampaignRecord, wanted: SearchSpec
) -> None:
    """Set the cursor before the first page, and plan that page."""
    searches.add_search(session, campaign.id, wanted.query)
    today = today_in(session, account.zone)
    plan_search_page(session, campaign, 1, today)
    campaigns.mark_planned(session, campaign.id)


def _preview(account: AccountRecord, wanted: SearchSpec) -> dict[str, str]:
    return {
        "search": build_search_url(wanted.query, account.site),
        "sections": ", ".join(sorted(needed_sections(wanted.criteria))),
    }
