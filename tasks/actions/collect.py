"""One page of people found: read, kept and followed by what it leads to, all in one transaction."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from sqlalchemy.orm import Session

from db.clock import today_in
from db.store.actions import lifecycle
from db.store.actions.lifecycle import Claim
from db.store.campaigns import campaigns, searches
from db.store.campaigns.campaigns import CampaignRecord, PlannedAction
from db.store.campaigns.searches import SearchRecord
from db.store.imports import runs
from db.store.people import profiles, visits
from db.store.people.visits import DueVisit
from tasks.actions.heartbeat import LeaseGuard
from tasks.actions.read_page import read_page
from tasks.actions.settle import Outcome
from tasks.actions.visit import get_needed_sections
from tasks.campaigns import scoring
from tasks.contract import SourcingOptions, VisitorOptions
from tasks.quota import Grant
from tasks.services import Services
from worker import logs
from worker.errors import Reason
from worker.rules import occasions
from worker.rules.model import CampaignKind, CampaignState, Kind, ResultPage, SearchEnd

log = logs.get_logger(__name__)


def collect_page(services: Services, claim: Claim, hold: LeaseGuard, grant: Grant) -> Outcome:
    """Read the page of the campaign's search that is next, and keep whom it found."""
    with services.database.transaction() as session:
        search = searches.require_search(session, claim.campaign_id)
    page = search.pages + 1  # it moves on with the action that has read it, so it is the claim's
    return read_page(
        services,
        claim,
        hold,
        grant,
        page=lambda site: _without_duplicates(site.search(search.query, page)),
        keep=lambda session, shown: _save_page(session, claim, page, shown),
    )


def _save_page(session: Session, claim: Claim, page: int, shown: ResultPage) -> bool:
    """End the reading, keep whom the page found, plan whom to visit, and move the cursor.

    Locked in the order of whoever cancels a campaign: campaign, action, account's audit head.
    """
    runs.lock_out_imports(session, claim.account_id)
    campaign = campaigns.find_campaign(session, claim.campaign_id, lock=True)
    if not lifecycle.finish_page(session, claim, detail=f"{len(shown.people)} people"):
        return False
    search = searches.require_search(session, claim.campaign_id)
    if campaign is None:
        raise LookupError(f"the campaign {claim.campaign_id} is gone while its page is kept")
    options = _options(campaign)
    goes_on = campaign.state is not CampaignState.CANCELLED
    room = options.limit - search.found if goes_on else 0
    # Whom nobody asked for is not kept: neither who is beyond the limit, nor anybody after it was cancelled.
    wanted = searches.filter_new_people(session, campaign.id, shown.people)[:room]
    people = searches.save_found_people(session, claim.account_id, wanted)
    new = list(people)
    searches.add_hits(session, campaign.id, new, page=page)
    today = today_in(session, claim.zone)
    scoring.score_found_people(session, campaign, people, today)
    planned = _plan_visits(session, campaign, new, today)
    after = _next_progress(search, options, new=len(new), news=planned > 0, has_next=shown.has_next)
    searches.save_cursor(session, campaign.id, after)
    if after.ended is None and goes_on:
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
    search: SearchRecord, options: SourcingOptions | VisitorOptions, *, new: int, news: bool, has_next: bool
) -> SearchRecord:
    """Return where the search is after a page with `new` people; `news`: some are to be visited."""
    found, dry = search.found + new, 0 if news else search.dry + 1
    ended = None
    if found >= options.limit:
        ended = SearchEnd.LIMIT
    elif not has_next:
        ended = SearchEnd.NO_MORE_PAGES
    elif dry >= options.stop_after:
        ended = SearchEnd.NO_NEWS
    return replace(search, pages=search.pages + 1, found=found, dry=dry, ended=ended)


def _plan_visits(session: Session, campaign: CampaignRecord, found: Sequence[int], today: date) -> int:
    """Plan the visits to those just found; return how many. Who can't be visited is skipped with the reason.

    A sourcing campaign opens no profile that was read lately with all that it needs.
    """
    options, sourcing = _options(campaign), campaign.kind is CampaignKind.SOURCING
    if sourcing:
        needed = get_needed_sections(session, campaign.id)
        fresh = {
            record.contact_id
            for record in profiles.list_profiles(session, found)
            if profiles.is_fresh(record, needed, days=options.no_repeat_days)
        }
        found = [contact_id for contact_id in found if contact_id not in fresh]
    due = visits.check_contacts(session, campaign.account_id, found, no_repeat_days=options.no_repeat_days)
    drafts = [draft_visit(campaign, person, today) for person in due if not person.planned or sourcing]
    return campaigns.insert_plan(session, campaign, Kind.VISIT, drafts)


def draft_visit(campaign: CampaignRecord, person: DueVisit, today: date) -> PlannedAction:
    """Return the plan of one visit. It has no last day: it is made when the quota allows."""
    sourcing = campaign.kind is CampaignKind.SOURCING
    reason = person.left_out
    if sourcing and reason is Reason.VISITED_LATELY:
        reason = None  # what it needs was not read then
    return PlannedAction(
        person.contact_id,
        occasions.search_occasion(campaign.id) if sourcing else occasions.visit_occasion(today, campaign.id),
        today,
        message="",
        reason=reason,
    )


def plan_search_page(session: Session, campaign: CampaignRecord, page: int, on: date) -> None:
    """Plan the reading of one page of the campaign's search."""
    draft = PlannedAction(None, occasions.search_page_occasion(campaign.id, page), on, message="")
    campaigns.insert_plan(session, campaign, Kind.COLLECT, [draft])


def _without_duplicates(shown: ResultPage) -> ResultPage:
    """Take each person once, whatever the page repeats."""
    return replace(shown, people=tuple({person.profile_url: person for person in shown.people}.values()))
