"""Checks that HTTP and the command line make before they request a campaign."""

from typing import overload

from sqlalchemy.orm import Session

from db.store.campaigns import saved_searches
from db.store.campaigns.saved_searches import SearchSpec
from db.store.people.accounts import AccountRecord
from tasks.contract import CampaignOptions, SourcingOptions, VisitorOptions
from worker.errors import RequestRefusedError
from worker.rules.people.addresses import normalise_profile_url
from worker.rules.sourcing.criteria import Criteria


@overload
def check_campaign_request(
    session: Session, account: AccountRecord, options: SourcingOptions
) -> SearchSpec: ...
@overload
def check_campaign_request(
    session: Session, account: AccountRecord, options: CampaignOptions
) -> SearchSpec | None: ...
def check_campaign_request(
    session: Session, account: AccountRecord, options: CampaignOptions
) -> SearchSpec | None:
    """Return the search of the campaign, or None if it has none.

    Raises RequestRefusedError, which names the field, if the campaign would read a site without an adapter or
    if an address is not on the account's site; and NoSavedSearchError.
    """
    if isinstance(options, SourcingOptions):
        return saved_searches.resolve_search(
            session, account, url=options.url, name=options.saved_search, criteria=options.criteria
        )
    if not isinstance(options, VisitorOptions):
        return None
    for place, given in enumerate(options.profiles):
        if normalise_profile_url(given, account.site) is None:
            raise RequestRefusedError(f"profiles.{place}: this isn't a profile address of {account.site}")
    if options.saved_search is None:
        return None
    return saved_searches.resolve_search(
        session, account, url=None, name=options.saved_search, criteria=Criteria()
    )
