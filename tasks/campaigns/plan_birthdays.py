"""Plan birthday campaigns: one greeting for each birthday that is due."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from db.store.campaigns import campaigns
from db.store.campaigns.campaigns import CampaignRecord
from db.store.identity import pages
from db.store.people import site_checks
from db.store.people.accounts import AccountRecord
from tasks.campaigns.creation import add_campaign
from tasks.campaigns.drafting import draft_due_greetings
from tasks.campaigns.planning import save_plan
from tasks.campaigns.preview_birthdays import preview_birthdays
from tasks.campaigns.site_lists import SiteList, read_and_plan
from tasks.contract import BIRTHDAY_READ, BirthdayOptions
from tasks.services import Services
from worker import logs
from worker.rules.model import BirthdayCard, Kind
from worker.rules.sites.capabilities import Capability

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
    if options.dry_run:
        campaigns.mark_planned(session, campaign.id, preview=preview_birthdays(session, account, options))
        return
    _, drafts = draft_due_greetings(session, account, options)
    needs_approval = options.approval or site_checks.is_supervised(session, account.id, account.site)
    save_plan(session, campaign, Kind.GREET, drafts, needs_approval=needs_approval)
