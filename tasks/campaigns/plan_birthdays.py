"""Plan birthday campaigns: one greeting for each birthday that is due."""

from collections.abc import Sequence
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from db.engine import today_in
from db.store.actions.plans import PlannedAction
from db.store.campaigns import campaigns, templates
from db.store.campaigns.campaigns import CampaignRecord
from db.store.identity import doubts, pages
from db.store.people import contacts, site_checks
from db.store.people.accounts import AccountRecord
from db.store.people.contacts import DueBirthday
from db.store.reports import birthday_forecast
from tasks.campaigns.creation import add_campaign
from tasks.campaigns.drafting import draft_greetings, no_repeat_since
from tasks.campaigns.planning import save_plan
from tasks.campaigns.site_lists import SiteList, read_and_plan
from tasks.contract import BIRTHDAY_READ, BirthdayOptions
from tasks.services import Services
from worker import logs, metrics
from worker.errors import Reason
from worker.rules.capabilities import Capability
from worker.rules.model import BirthdayCard, Kind
from worker.rules.quota.forecast import ActionForecast

log = logs.get_logger(__name__)


def start_birthday_campaign(
    session: Session, account: AccountRecord, campaign_id: UUID, options: BirthdayOptions
) -> bool:
    """Add the campaign, and plan it unless the birthdays page must be read first; return whether it must."""
    campaign = add_campaign(session, account, campaign_id, options)
    if campaign is None:
        return False
    if not options.read_site:
        _plan(session, account, campaign, options)
    return options.read_site


def read_birthdays(services: Services, campaign_id: UUID) -> None:
    """Read the account's birthdays page in the browser, save what it shows, and plan."""
    saved = read_and_plan(services, campaign_id, BIRTHDAYS)
    if saved is not None:
        metrics.CONTACTS_PROCESSED.labels("birthdays_page", "read").inc(saved)
        log.info("birthdays_read", campaign=str(campaign_id), cards=saved)


def _plan_stored(
    session: Session, account: AccountRecord, campaign: CampaignRecord, _cards: Sequence[BirthdayCard]
) -> None:
    """Plan from all stored birthdays, which now include those of the page."""
    _plan(session, account, campaign, BirthdayOptions.model_validate(campaign.options))


BIRTHDAYS = SiteList(
    name="birthdays",
    task=BIRTHDAY_READ,
    kind=Kind.GREET,
    capability=Capability.BIRTHDAYS,
    read=lambda site, today, _: site.birthdays(today),
    save=pages.save_birthdays,
    plan=_plan_stored,
)


def _plan(
    session: Session, account: AccountRecord, campaign: CampaignRecord, options: BirthdayOptions
) -> None:
    today = today_in(session, account.zone)
    due = contacts.list_due_birthdays(
        session, account.id, today, options.late_days, texts_since=no_repeat_since(session)
    )
    usable = templates.list_usable_templates(session, account.id)
    drafts = draft_greetings(due, usable, today, options, signature=account.signature)
    if options.dry_run:
        outlook = birthday_forecast.forecast_greetings(
            session, account, default_late_days=options.late_days, late_days=options.late_days
        )
        waiting = doubts.list_waiting(session, account.id)
        preview = [
            _preview(
                person,
                draft,
                outlook.get((person.contact_id, person.on)),
                account.zone,
                None if draft.reason else waiting.get(person.contact_id),
            )
            for person, draft in zip(due, drafts, strict=True)
        ]
        campaigns.mark_planned(session, campaign.id, preview=preview)
        return
    needs_approval = options.approval or site_checks.is_supervised(session, account.id, account.site)
    save_plan(session, campaign, Kind.GREET, drafts, considered=len(due), needs_approval=needs_approval)


def _preview(
    person: DueBirthday,
    draft: PlannedAction,
    outlook: ActionForecast | None,
    zone: ZoneInfo,
    doubt: Reason | None,
) -> dict[str, str]:
    """Return a line of the preview. `when` is empty for a person who is missed; `waits_for` says why.

    A person who is on hold for longer than the greeting may wait is left out. `doubt` is why a person has to
    say who it is before. `detail` says what is wrong with a name.
    """
    held_until = draft.held_until.astimezone(zone).date() if draft.held_until else None
    is_missed = held_until is not None and draft.expires_on is not None and held_until > draft.expires_on
    reached = outlook if outlook is not None and draft.reason is None else None
    at = reached.reached_at if reached is not None else None
    return {
        "contact": person.full_name,
        "profile_url": person.profile_url,
        "occasion": draft.occasion,
        "on": draft.on.isoformat(),
        "until": draft.expires_on.isoformat() if draft.expires_on else "",
        "message": draft.message,
        "when": at.isoformat(timespec="seconds") if at else "",
        "waits_for": doubt or ((reached.held_back or "") if reached is not None else ""),
        "left_out": draft.reason or (Reason.ON_HOLD if is_missed else ""),
        "detail": draft.detail or "",
        "already": person.planned_as or "",
        **({"held_until": held_until.isoformat()} if held_until else {}),
    }
