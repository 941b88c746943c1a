"""Plan sourcing campaigns: the first page of their search. Each page plans the next and the visits."""

from uuid import UUID

from sqlalchemy.orm import Session

from db.store.campaigns import campaigns, saved_searches
from db.store.campaigns.saved_searches import SearchSpec
from db.store.people.accounts import AccountRecord
from tasks.campaigns.creation import add_campaign
from tasks.campaigns.search_pages import begin_search
from tasks.contract import SourcingOptions
from worker.rules.sourcing.criteria import needed_sections
from worker.rules.sourcing.search import build_search_url


def start_sourcing_campaign(
    session: Session, account: AccountRecord, campaign_id: UUID, options: SourcingOptions
) -> bool:
    """Add a sourcing campaign and plan the first page of its search; return False: no list is read.

    Its options are stored with the current criteria of the saved search. Raises RequestRefusedError, and
    plans nothing, for an unknown saved search, an address that is not a people search of the account's site,
    or criteria that the site can't search by.
    """
    spec = saved_searches.resolve_search(
        session, account, url=options.url, name=options.saved_search, criteria=options.criteria
    )
    resolved = options.model_copy(update={"criteria": spec.criteria})
    campaign = add_campaign(session, account, campaign_id, options, stored=resolved)
    if campaign is not None and options.dry_run:
        campaigns.mark_planned(session, campaign_id, preview=[_preview(account, spec)])
    elif campaign is not None:
        begin_search(session, account, campaign, spec)
    return False


def _preview(account: AccountRecord, spec: SearchSpec) -> dict[str, str]:
    return {
        "search": build_search_url(spec.query, account.site),
        "sections": ", ".join(sorted(needed_sections(spec.criteria))),
    }
