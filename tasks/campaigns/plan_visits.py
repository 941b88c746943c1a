"""Visitor campaigns become planned visits, or a search whose pages plan them."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from db.clock import today_in
from db.store.actions import events
from db.store.campaigns import campaigns, saved_searches
from db.store.imports import runs
from db.store.people import visits
from db.store.people.accounts import AccountRecord
from db.store.people.visits import DueVisit
from tasks.actions.collect import draft_visit
from tasks.campaigns.plan_searches import begin_search
from tasks.campaigns.start import add_campaign, require_account
from tasks.contract import VisitorOptions
from worker import logs
from worker.errors import RequestRefusedError
from worker.rules.addresses import normalise_profile_url
from worker.rules.model import CampaignKind, Kind
from worker.rules.sourcing.criteria import Criteria
from worker.rules.sourcing.search import build_search_url

log = logs.get_logger(__name__)

_MOST_NAMED = 3
"""How many bad addresses an error names."""


def start_visitor_campaign(
    session: Session, *, account: str, campaign_id: UUID, options: VisitorOptions
) -> None:
    """Add a visitor campaign and plan its visits, or the first page of its search.

    Raises RequestRefusedError for an account or a saved search that isn't there, and for addresses that are
    none of the account's site; then nothing is planned. Asked twice with one id, it starts once.
    """
    found = require_account(session, account)
    addresses = _normalise_addresses(options.profiles, found.site)
    wanted = None
    if options.saved_search is not None:
        wanted = saved_searches.wanted(
            session, found, url=None, name=options.saved_search, criteria=Criteria()
        )
    campaign = add_campaign(session, found, CampaignKind.VISITOR, campaign_id, options)
    if campaign is None:
        return
    if wanted is not None and options.dry_run:
        preview = {"search": build_search_url(wanted.query, found.site)}
        campaigns.mark_planned(session, campaign_id, preview=[preview])
    elif wanted is not None:
        begin_search(session, found, campaign, wanted)
    elif options.dry_run:
        campaigns.mark_planned(session, campaign_id, preview=_preview(session, found, options, addresses))
    else:
        due = _select_due(session, found, options, addresses)
        today = today_in(session, found.zone)
        drafts = [draft_visit(campaign, person, today) for person in due if not person.planned]
        planned = campaigns.insert_plan(session, campaign, Kind.VISIT, drafts)
        campaigns.mark_planned(session, campaign_id)
        log.info("campaign_planned", campaign=str(campaign_id), due=len(due), planned=planned)


def _normalise_addresses(given: Sequence[str], site: str) -> Sequence[str]:
    """Return the normalised addresses. Raises RequestRefusedError that says which are bad.

    By their places in the list: the text of a refusal is logged, and an address is somebody's.
    """
    normalised = [normalise_profile_url(address, site) for address in given]
    bad = [str(place) for place, address in enumerate(normalised, 1) if address is None]
    if bad:
        more = f" and {len(bad) - _MOST_NAMED} more" if len(bad) > _MOST_NAMED else ""
        raise RequestRefusedError(
            f"profiles: no profile addresses of {site} are number {', '.join(bad[:_MOST_NAMED])}{more} "
            "of the list"
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
    # Held in the order of whoever keeps a page: no import beside it, the audit's head, then the people.
    runs.lock_out_imports(session, account.id)
    events.lock_audit_head(session, account.id)
    contacts = visits.save_addresses(session, account.id, addresses)[: options.limit]
    return visits.check_contacts(session, account.id, contacts, no_repeat_days=options.no_repeat_days)


def _preview(
    session: Session, account: AccountRecord, options: VisitorOptions, addresses: Sequence[str]
) -> list[dict[str, str]]:
    """Return who would be visited. People of whom only the address is given are not kept for asking."""
    asking = session.begin_nested()
    due = _select_due(session, account, options, addresses)
    asking.rollback()
    return [
        {
            "contact": person.full_name,
            "profile_url": person.profile_url,
            "last_seen": person.seen_at.isoformat(timespec="seconds") if person.seen_at else "",
            "left_out": person.left_out or "",
            "already": "planned" if person.planned else "",
        }
        for person in due
    ]
