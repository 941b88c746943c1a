"""Campaigns that search: sourcing, and visits to whom a saved search finds. The first page is planned."""

from uuid import UUID

from sqlalchemy.orm import Session

from db.store.campaigns import campaigns, saved_searches, searches
from db.store.campaigns.campaigns import CampaignRecord
from db.store.campaigns.saved_searches import Wanted
from db.store.people.accounts import AccountRecord
from tasks.actions.collect import plan_page
from tasks.campaigns.drafting import today_in
from tasks.campaigns.start import begin, the_account
from tasks.contract import SourcingOptions
from worker.rules.model import CampaignKind
from worker.rules.sourcing.criteria import needed_sections
from worker.rules.sourcing.search import search_address


def start_sourcing(session: Session, *, account: str, campaign_id: UUID, options: SourcingOptions) -> None:
    """Add a sourcing campaign and plan the first page of its search.

    Its options are kept with the criteria of the saved search, as they are now. Raises RequestRefusedError
    for an account or saved search that isn't there, for an address that is no people search of the account's
    own site, and for criteria that nothing can be searched by; then nothing is planned.
    """
    found = the_account(session, account)
    wanted = saved_searches.wanted(
        session, found, url=options.url, name=options.saved_search, criteria=options.criteria
    )
    resolved = options.model_copy(update={"criteria": wanted.criteria})
    campaign = begin(session, found, CampaignKind.SOURCING, campaign_id, options, kept=resolved)
    if campaign is None:
        return
    if options.dry_run:
        campaigns.finish(session, campaign_id, preview=[_preview(found, wanted)])
        return
    begin_search(session, found, campaign, wanted)


def begin_search(session: Session, account: AccountRecord, campaign: CampaignRecord, wanted: Wanted) -> None:
    """Set the cursor before the first page, and plan that page."""
    searches.begin(session, campaign.id, wanted.query)
    today = today_in(session, account.zone)
    plan_page(session, campaign, 1, today)
    campaigns.finish(session, campaign.id)


def _preview(account: AccountRecord, wanted: Wanted) -> dict[str, str]:
    return {
        "search": search_address(wanted.query, account.site),
        "sections": ", ".join(sorted(needed_sections(wanted.criteria))),
    }
