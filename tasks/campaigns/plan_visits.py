"""Plan visitor campaigns: visits to known people, or the first page of a search."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from db.engine import today_in
from db.store.actions import events, plans
from db.store.campaigns import campaigns, saved_searches
from db.store.campaigns.campaigns import CampaignRecord
from db.store.campaigns.saved_searches import SearchSpec
from db.store.people import import_lock, visits
from db.store.people.accounts import AccountRecord
from db.store.people.visits import DueVisit
from tasks.campaigns.creation import add_campaign
from tasks.campaigns.search_pages import begin_search, draft_visit
from tasks.contract import VisitorOptions
from worker import logs
from worker.errors import Reason, RequestRefusedError
from worker.rules.model import Kind
from worker.rules.people.addresses import normalise_profile_url
from worker.rules.sourcing.criteria import Criteria
from worker.rules.sourcing.search import build_search_url

log = logs.get_logger(__name__)

_MOST_NAMED = 3
"""How many bad addresses an error names."""


def start_visitor_campaign(
    session: Session, account: AccountRecord, campaign_id: UUID, options: VisitorOptions
) -> bool:
    """Add a visitor campaign; plan its visits or its search's first page. Return False: no list is read.

    Raises RequestRefusedError, and plans nothing, for an unknown saved search or addresses that are not of
    the account's site.
    """
    addresses = _normalise_addresses(options.profiles, account.site)
    spec = None
    if options.saved_search is not None:
        spec = saved_searches.resolve_search(
            session, account, url=None, name=options.saved_search, criteria=Criteria()
        )
    campaign = add_campaign(session, account, campaign_id, options)
    if campaign is None:
        return False
    if options.dry_run:
        preview = (
            _preview_search(account, spec) if spec else _preview_visits(session, account, options, addresses)
        )
        campaigns.mark_planned(session, campaign_id, preview=preview)
    elif spec is not None:
        begin_search(session, account, campaign, spec)
    else:
        _plan_visits(session, account, campaign, _select_due(session, account, options, addresses))
    return False


def _plan_visits(
    session: Session, account: AccountRecord, campaign: CampaignRecord, due: Sequence[DueVisit]
) -> None:
    today = today_in(session, account.zone)
    drafts = [draft_visit(campaign, person, today) for person in due if not person.planned]
    planned = plans.insert_plan(session, campaign, Kind.VISIT, drafts)
    campaigns.mark_planned(session, campaign.id)
    log.info("campaign_planned", campaign=str(campaign.id), due=len(due), planned=planned)


def _normalise_addresses(given: Sequence[str], site: str) -> Sequence[str]:
    """Return the normalised addresses. Raises RequestRefusedError that names the bad ones by their position.

    The error doesn't quote them, because it is logged and an address identifies a person.
    """
    normalised = [normalise_profile_url(address, site) for address in given]
    bad = [str(place) for place, address in enumerate(normalised, 1) if address is None]
    if bad:
        more = f" and {len(bad) - _MOST_NAMED} more" if len(bad) > _MOST_NAMED else ""
        raise RequestRefusedError(
            f"profiles: these entries of the list aren't profile addresses of {site}: "
            f"{', '.join(bad[:_MOST_NAMED])}{more}"
        )
    return [address for address in normalised if address is not None]


def _select_due(
    session: Session, account: AccountRecord, options: VisitorOptions, addresses: Sequence[str]
) -> Sequence[DueVisit]:
    if options.not_seen_months is not None:
        return visits.list_unseen_connections(
            session,
            account.id,
            months=options.not_seen_months,
            no_repeat_days=options.no_repeat_days,
            limit=options.limit,
        )
    # Lock in the same order as saving a page: imports, the audit head, then the people.
    import_lock.lock_out_imports(session, account.id)
    events.lock_audit_head(session, account.id)
    contacts = visits.save_addresses(session, account.id, addresses)[: options.limit]
    return visits.check_contacts(session, account.id, contacts, no_repeat_days=options.no_repeat_days)


def _preview_search(account: AccountRecord, spec: SearchSpec) -> list[dict[str, str]]:
    return [{"search": build_search_url(spec.query, account.site)}]


def _preview_visits(
    session: Session, account: AccountRecord, options: VisitorOptions, addresses: Sequence[str]
) -> list[dict[str, str]]:
    """Return who would be visited. The rollback removes people who were only added for this preview."""
    savepoint = session.begin_nested()
    due = _select_due(session, account, options, addresses)
    savepoint.rollback()
    return [
        {
            "contact": person.full_name,
            "profile_url": person.profile_url,
            "last_seen": person.seen_at.isoformat(timespec="seconds") if person.seen_at else "",
            "left_out": person.left_out or (Reason.ON_HOLD if person.held_until else ""),
            "already": "planned" if person.planned else "",
        }
        for person in due
    ]
