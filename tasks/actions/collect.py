"""Read one page of search results, save its people, and plan what follows, all in one transaction."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from sqlalchemy.orm import Session

from db.engine import today_in
from db.store.actions import lifecycle, plans
from db.store.actions.claims import Claim
from db.store.campaigns import campaigns, searches
from db.store.campaigns.campaigns import CampaignRecord
from db.store.campaigns.searches import SearchRecord
from db.store.people import import_lock, profiles, visits
from tasks.actions.heartbeat import LeaseGuard
from tasks.actions.read_page import read_page
from tasks.actions.settle import Outcome
from tasks.campaigns import scoring
from tasks.campaigns.search_pages import draft_visit, plan_search_page
from tasks.contract import SourcingOptions, VisitorOptions
from tasks.quota import Grant
from tasks.services import Services
from worker import logs
from worker.rules.model import CampaignKind, CampaignState, Kind, ResultPage, SearchEnd

log = logs.get_logger(__name__)


def collect_page(services: Services, claim: Claim, lease: LeaseGuard, grant: Grant) -> Outcome:
    """Read the next page of the campaign's search and save the people on it."""
    with services.database.transaction() as session:
        search = searches.require_search(session, claim.campaign_id)
    page = search.pages + 1  # the cursor only moves with the action that has read its page
    return read_page(
        services,
        claim,
        lease,
        grant,
        page=lambda site: _without_duplicates(site.search(search.query, page)),
        save=lambda session, shown: _save_page(session, claim, page, shown),
    )


def _save_page(session: Session, claim: Claim, page: int, shown: ResultPage) -> bool:
    """End the action, save the people of the page, plan the visits to them, and move the cursor.

    Locks in the order of `cancel_campaign`: campaign, action, the account's audit head.
    """
    import_lock.lock_out_imports(session, claim.account_id)
    campaign = campaigns.find_campaign(session, claim.campaign_id, lock=True)
    if not lifecycle.finish_page(session, claim, detail=f"{len(shown.people)} people"):
        return False
    search = searches.require_search(session, claim.campaign_id)
    if campaign is None:
        raise LookupError(f"the campaign {claim.campaign_id} was removed while its page was being saved")
    options = _options(campaign)
    is_open = campaign.state is not CampaignState.CANCELLED
    room = options.limit - search.found if is_open else 0
    # People beyond the limit, and all people of a cancelled campaign, are not saved: nobody needs them.
    listed = searches.with_stored_addresses(session, claim.account_id, shown.people)
    wanted = searches.filter_new_people(session, campaign.id, listed)[:room]
    people = searches.save_found_people(session, claim.account_id, wanted)
    new = list(people)
    searches.add_hits(session, campaign.id, new, page=page)
    today = today_in(session, claim.zone)
    scoring.score_found_people(session, campaign, people, today)
    planned = _plan_visits(session, campaign, options, new, today)
    after = _next_progress(search, options, new=len(new), has_visits=planned > 0, has_next=shown.has_next)
    searches.save_cursor(session, campaign.id, after)
    if after.ended is None and is_open:
        plan_search_page(session, campaign, after.pages + 1, today)
    log.info(
        "page_kept", campaign=str(campaign.id), page=page, people=len(shown.people), new=len(new),
        visits=planned, ended=after.ended,
    )  # fmt: skip
    return True


def _options(campaign: CampaignRecord) -> SourcingOptions | VisitorOptions:
    if campaign.kind is CampaignKind.SOURCING:
        return SourcingOptions.model_validate(campaign.options)
    return VisitorOptions.model_validate(campaign.options)


def _next_progress(
    search: SearchRecord,
    options: SourcingOptions | VisitorOptions,
    *,
    new: int,
    has_visits: bool,
    has_next: bool,
) -> SearchRecord:
    """Return the cursor after a page with `new` people; `has_visits`: visits to some of them were planned."""
    found, dry = search.found + new, 0 if has_visits else search.dry + 1
    ended = None
    if found >= options.limit:
        ended = SearchEnd.LIMIT
    elif not has_next:
        ended = SearchEnd.NO_MORE_PAGES
    elif dry >= options.stop_after:
        ended = SearchEnd.NO_NEWS
    return replace(search, pages=search.pages + 1, found=found, dry=dry, ended=ended)


def _plan_visits(
    session: Session,
    campaign: CampaignRecord,
    options: SourcingOptions | VisitorOptions,
    found: Sequence[int],
    today: date,
) -> int:
    """Plan visits to the people just found; return how many. Others are skipped with a reason.

    A sourcing campaign doesn't open a profile that was read recently with all the sections that it needs.
    """
    sourcing = campaign.kind is CampaignKind.SOURCING
    if sourcing:
        needed = scoring.list_needed_sections(campaign)
        fresh = {
            record.contact_id
            for record in profiles.list_profiles(session, found)
            if profiles.is_fresh(record, needed, days=options.no_repeat_days)
        }
        found = [contact_id for contact_id in found if contact_id not in fresh]
    due = visits.check_contacts(session, campaign.account_id, found, no_repeat_days=options.no_repeat_days)
    drafts = [draft_visit(campaign, person, today) for person in due if not person.planned or sourcing]
    return plans.insert_plan(session, campaign, Kind.VISIT, drafts)


def _without_duplicates(shown: ResultPage) -> ResultPage:
    """Return the page with each person once."""
    return replace(shown, people=tuple({person.profile_url: person for person in shown.people}.values()))
