"""Reading a list of the site before a campaign can be planned: it waits, is asked for again, or fails."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import TypeVar
from uuid import UUID

from db.clock import today_in
from db.store.actions import control
from db.store.campaigns import campaigns
from db.store.campaigns.campaigns import CampaignRecord
from db.store.imports import runs
from db.store.people import accounts
from tasks.services import Services
from worker import logs, metrics
from worker.browser.site import Site
from worker.errors import NeverError, RapportError, Reason, StopAccountError, TryAgainError
from worker.rules.model import AccountStatus, CampaignState
from worker.secrets import SESSION_UNREADABLE

T = TypeVar("T")

log = logs.get_logger(__name__)


def read_site_list(
    services: Services, campaign_id: UUID, what: str, read: Callable[[Site, date], Sequence[T]]
) -> tuple[CampaignRecord, Sequence[T]] | None:
    """Read `what` in the browser of the campaign's account. None: there is nothing to plan, now or at all.

    A passing fault leaves the campaign as it is, to be asked again; anything else ends it with a reason, also
    keys that don't open the session: the campaign would wait, unseen, until a person mends them.
    """
    with services.database.transaction() as session:
        campaign = campaigns.find_campaign(session, campaign_id)
        if campaign is None or campaign.state != CampaignState.READING:
            return None
        account = accounts.get_account(session, campaign.account_id)
        today = today_in(session, account.zone)
        waits = (
            control.get_kill_switch(session) is not None
            or account.status is AccountStatus.PAUSED
            or runs.is_import_running(session, account.id)
        )
    if waits:
        log.info("reading_waits", campaign=str(campaign_id))  # it is asked for again until it may go on
        return None
    if account.stop_reason is not None:
        _fail_campaign(
            services, campaign, what, StopAccountError(account.stop_reason, "the account is stopped")
        )
        return None
    if not services.can_open(account.session):
        _fail_campaign(services, campaign, what, NeverError(Reason.NOT_SIGNED_IN, SESSION_UNREADABLE))
        return None
    try:
        site = services.site(name=account.site, account_id=account.id, session=account.session)
        with services.timed(account.site, what):
            return campaign, read(site, today)
    except TryAgainError as error:
        metrics.ERRORS.labels(error.reason, f"read_{what}").inc()
        log.warning("reading_postponed", campaign=str(campaign_id), reason=error.reason, text=str(error))
    except (StopAccountError, NeverError) as error:
        _fail_campaign(services, campaign, what, error)
    return None


def _fail_campaign(services: Services, campaign: CampaignRecord, what: str, error: RapportError) -> None:
    metrics.ERRORS.labels(error.reason, f"read_{what}").inc()
    log.error("campaign_failed", campaign=str(campaign.id), reason=error.reason, text=str(error))
    with services.database.transaction() as session:
        campaigns.mark_failed(session, campaign.id, error.reason, str(error))
        if isinstance(error, StopAccountError):
            accounts.stop_account(session, campaign.account_id, error.reason)
