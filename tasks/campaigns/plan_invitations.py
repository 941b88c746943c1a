"""Plan campaigns that withdraw sent invitations."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from db.engine import today_in
from db.store.actions.plans import PlannedAction
from db.store.campaigns import campaigns
from db.store.campaigns.campaigns import CampaignRecord
from db.store.people import invitations
from db.store.people.accounts import AccountRecord
from tasks.campaigns.creation import add_campaign
from tasks.campaigns.planning import save_plan
from tasks.campaigns.site_lists import SiteList, read_and_plan
from tasks.contract import INVITATIONS_READ, InvitationsOptions
from tasks.services import Services
from worker import logs
from worker.rules import occasions
from worker.rules.invitations import InvitedContact, Verdict, decide_withdrawals
from worker.rules.model import Kind, SentInvitation
from worker.rules.sites.capabilities import Capability

log = logs.get_logger(__name__)


def start_invitations_campaign(
    session: Session, account: AccountRecord, campaign_id: UUID, options: InvitationsOptions
) -> bool:
    """Add the campaign; return True: the sent invitations must be read before it can be planned."""
    return add_campaign(session, account, campaign_id, options) is not None


def read_invitations(services: Services, campaign_id: UUID) -> None:
    """Read the account's sent invitations in the browser, save whom they were sent to, and plan."""
    saved = read_and_plan(services, campaign_id, SENT_INVITATIONS)
    if saved is not None:
        log.info("invitations_read", campaign=str(campaign_id), invitations=saved)


def _plan(
    session: Session, account: AccountRecord, campaign: CampaignRecord, sent: Sequence[SentInvitation]
) -> None:
    options = InvitationsOptions.model_validate(campaign.options)
    today = today_in(session, account.zone)
    occasion = occasions.withdrawal_occasion(today)
    decided = decide_withdrawals(
        invitations.list_invited(session, account.id, sent, occasion=occasion),
        today,
        older_than_days=options.older_than_days,
        limit=options.limit,
    )
    if options.dry_run:
        campaigns.mark_planned(session, campaign.id, preview=[_preview(*one, today) for one in decided])
        return
    drafts = [
        PlannedAction(one.contact_id, occasion, one.invitation.sent_on, "")
        for one, verdict in decided
        if verdict is Verdict.WITHDRAW
    ]
    save_plan(session, campaign, Kind.WITHDRAW, drafts)


SENT_INVITATIONS = SiteList(
    name="invitations",
    task=INVITATIONS_READ,
    kind=Kind.WITHDRAW,
    capability=Capability.INVITATIONS,
    read=lambda site, today, on_page: site.sent_invitations(today, on_page),
    save=invitations.save_invited,
    plan=_plan,
)


def _preview(one: InvitedContact, verdict: Verdict, today: date) -> dict[str, str]:
    return {
        "contact": one.invitation.full_name,
        "profile_url": one.invitation.profile_url,
        "on": one.invitation.sent_on.isoformat(),
        "days": str((today - one.invitation.sent_on).days),
        "verdict": verdict,
        "already": one.planned_as or "",
    }
