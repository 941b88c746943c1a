"""Campaigns become planned actions."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from db.clock import today_in
from db.store.campaigns import campaigns, templates
from db.store.campaigns.campaigns import PlannedAction
from db.store.people import accounts, contacts
from db.store.people.accounts import AccountRecord
from db.store.people.contacts import DueBirthday
from db.store.quota import birthday_forecast
from tasks.campaigns.drafting import draft_greetings, no_repeat_since
from tasks.campaigns.site_lists import read_site_list
from tasks.campaigns.start import add_campaign, require_account
from tasks.contract import BirthdayOptions
from tasks.services import Services
from worker import logs, metrics
from worker.rules.model import CampaignKind, CampaignState, Kind

log = logs.get_logger(__name__)


def start_birthday_campaign(
    session: Session, *, account: str, campaign_id: UUID, options: BirthdayOptions
) -> bool:
    """Add the campaign; plan it at once unless its site is to be read first. True: reading is needed.

    Raises RequestRefusedError for an account that doesn't exist. Asked twice with one id, it starts once.
    """
    found = require_account(session, account)
    new = add_campaign(session, found, CampaignKind.BIRTHDAY, campaign_id, options) is not None
    if new and not options.read_site:
        _plan_birthdays(session, campaign_id)
    return new and options.read_site


def read_birthdays(services: Services, campaign_id: UUID) -> None:
    """Read the account's birthdays page in the browser, keep what it shows, and plan."""
    read = read_site_list(services, campaign_id, "birthdays", lambda site, today: site.birthdays(today))
    if read is None:
        return
    campaign, cards = read
    with services.database.transaction() as session:
        kept = contacts.save_birthdays(session, campaign.account_id, cards)
    # Not in one: whoever records a greeting locks the audit's head first and its contact then.
    with services.database.transaction() as session:
        _plan_birthdays(session, campaign.id)
    metrics.CONTACTS_PROCESSED.labels("birthdays_page", "read").inc(kept)
    log.info("birthdays_read", campaign=str(campaign_id), cards=kept)


def _plan_birthdays(session: Session, campaign_id: UUID) -> None:
    campaign = campaigns.find_campaign(session, campaign_id, lock=True)
    if campaign is None or campaign.state != CampaignState.READING:
        return  # planned meanwhile, or cancelled
    options = BirthdayOptions.model_validate(campaign.options)
    account = accounts.get_account(session, campaign.account_id)
    today = today_in(session, account.zone)
    due = contacts.list_due_birthdays(
        session, account.id, today, options.late_days, texts_since=no_repeat_since(session)
    )
    drafts = draft_greetings(due, templates.list_usable_templates(session, account.id), today, options)
    if options.dry_run:
        when = _forecast_times(session, account, options)
        preview = [_preview(*pair, when) for pair in zip(due, drafts, strict=True)]
        campaigns.mark_planned(session, campaign.id, preview=preview)
        return
    planned = campaigns.insert_plan(session, campaign, Kind.GREET, drafts, needs_approval=options.approval)
    campaigns.mark_planned(session, campaign.id)
    metrics.CONTACTS_PROCESSED.labels("plan", "planned").inc(planned)
    metrics.CONTACTS_PROCESSED.labels("plan", "known_or_left_out").inc(len(drafts) - planned)
    log.info("campaign_planned", campaign=str(campaign.id), due=len(due), planned=planned)


def _forecast_times(
    session: Session, account: AccountRecord, options: BirthdayOptions
) -> Mapping[int, datetime]:
    """Return when each contact would be reached, as the quota tells if it is played forward."""
    late_days = options.late_days
    told = birthday_forecast.forecast_birthdays(
        session, account, days=1, default_late_days=late_days, late_days=late_days
    )
    return {
        outlook.person.contact_id: outlook.reached_at
        for outlook in told.forecast.people
        if outlook.reached_at is not None
    }


def _preview(person: DueBirthday, draft: PlannedAction, when: Mapping[int, datetime]) -> dict[str, str]:
    at = when.get(person.contact_id) if draft.reason is None else None
    return {
        "contact": person.full_name,
        "profile_url": person.profile_url,
        "occasion": draft.occasion,
        "on": draft.on.isoformat(),
        "message": draft.message,
        "when": at.isoformat(timespec="seconds") if at else "",
        "left_out": draft.reason or "",
        "already": person.planned_as or "",
    }
