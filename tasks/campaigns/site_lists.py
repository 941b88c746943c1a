"""Read the list of a site from which a campaign is planned; after a failure, retry it or end the campaign."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar
from uuid import UUID

from sqlalchemy.orm import Session

from db.engine import today_in
from db.store.campaigns import campaigns
from db.store.campaigns.campaigns import CampaignRecord
from db.store.kill_switch import get_kill_switch
from db.store.people import accounts, import_lock, site_checks
from db.store.people.accounts import AccountRecord
from tasks.services import Services
from tasks.stopping import stop_account
from worker import logs, metrics
from worker.browser.site import PageProgress, Site
from worker.errors import NeverError, Reason, StopAccountError, TryAgainError
from worker.rules.model import AccountStatus, CampaignState, Kind
from worker.rules.sites.capabilities import Capability
from worker.secrets import SESSION_UNREADABLE

T = TypeVar("T")

log = logs.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SiteList(Generic[T]):
    """A list of the site from which campaigns of one kind are planned.

    name: what it lists, for metrics
    task: the Celery task that reads it
    kind: the action that is planned from it; a limit page met while reading cuts this kind's limits
    capability: what reading it needs; a page that has changed lets the verdict on it fall
    read: reads the list as of a day; calls its last argument after each page (number, entries so far)
    save: saves the people listed as contacts of the account; returns how many
    plan: plans a locked campaign that is still being read
    """

    name: str
    task: str
    kind: Kind
    capability: Capability
    read: Callable[[Site, date, PageProgress], Sequence[T]]
    save: Callable[[Session, int, Sequence[T]], int]
    plan: Callable[[Session, AccountRecord, CampaignRecord, Sequence[T]], None]


def read_and_plan(services: Services, campaign_id: UUID, site_list: SiteList[T]) -> int | None:
    """Read the list in the browser of the campaign's account, save its people and plan.

    Returns how many people were saved; None if nothing was read. After a transient failure the list is
    requested again later; any other failure ends the campaign with the reason.
    """
    listed = _read(services, campaign_id, site_list)
    if listed is None:
        return None
    account, entries = listed
    with services.database.transaction() as session:
        saved = site_list.save(session, account.id, entries)
    # In a second transaction, because recording an effect locks the audit head before the contact.
    with services.database.transaction() as session:
        campaign = campaigns.find_campaign(session, campaign_id, lock=True)
        if campaign is not None and campaign.state == CampaignState.READING:  # else planned or cancelled
            site_list.plan(session, account, campaign, entries)
    return saved


def _read(
    services: Services, campaign_id: UUID, site_list: SiteList[T]
) -> tuple[AccountRecord, Sequence[T]] | None:
    with services.database.transaction() as session:
        campaign = campaigns.find_campaign(session, campaign_id)
        if campaign is None or campaign.state != CampaignState.READING:
            return None
        account = accounts.get_account(session, campaign.account_id)
        today = today_in(session, account.zone)
        waits = (
            get_kill_switch(session) is not None
            or account.status is AccountStatus.PAUSED
            or import_lock.is_import_running(session, account.id)
        )
        refusal = _find_refusal(services, session, account, site_list.capability)
    if waits:
        log.info("reading_waits", campaign=str(campaign_id))  # requested again until the account may act
        return None
    if refusal is not None:
        _fail(services, campaign, site_list, refusal)
        return None
    try:
        site = services.site_of(account)
        with services.time_request(account.site, site_list.name):
            return account, site_list.read(
                site, today, lambda page, found: _report_page(services, campaign_id, page, found)
            )
    except TryAgainError as error:
        metrics.ERRORS.labels(error.reason, f"read_{site_list.name}").inc()
        log.warning("reading_postponed", campaign=str(campaign_id), reason=error.reason, text=str(error))
    except (StopAccountError, NeverError) as error:
        _fail(services, campaign, site_list, error)
    return None


def _find_refusal(
    services: Services, session: Session, account: AccountRecord, capability: Capability
) -> NeverError | None:
    """Return why the list can't be read before a person has done something: the campaign fails with it."""
    if account.stop_reason is not None:
        return NeverError(account.stop_reason, "the account is stopped")
    if site_checks.has_drifted(session, account.id, account.site, capability):
        text = f"the site's page had changed: `rapport selectors check {account.name}`"
        return NeverError(Reason.NOT_CHECKED, text)
    if not services.can_open_session(account.session):
        # Fail instead of retrying: the campaign would wait, unnoticed, until a person corrects the keys.
        return NeverError(Reason.NOT_SIGNED_IN, SESSION_UNREADABLE)
    return None


def _report_page(services: Services, campaign_id: UUID, page: int, found: int) -> None:
    """Store how far the reading is, for a person who waits for it."""
    with services.database.transaction() as session:
        campaigns.report_reading(session, campaign_id, f"page {page} is read, {found} found so far")


def _fail(
    services: Services,
    campaign: CampaignRecord,
    site_list: SiteList[T],
    error: StopAccountError | NeverError,
) -> None:
    metrics.ERRORS.labels(error.reason, f"read_{site_list.name}").inc()
    log.error("campaign_failed", campaign=str(campaign.id), reason=error.reason, text=str(error))
    with services.database.transaction() as session:
        campaigns.mark_failed(session, campaign.id, error.reason, str(error))
        if isinstance(error, StopAccountError):
            stop_account(session, campaign.account_id, site_list.kind, error, used={site_list.capability})
