"""Campaigns that withdraw sent invitations become planned actions."""

from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from db.clock import today_in
from db.store.campaigns import campaigns
from db.store.campaigns.campaigns import PlannedAction
from db.store.people import accounts, invitations
from tasks.campaigns.site_lists import read_site_list
from tasks.campaigns.start import add_campaign, require_account
from tasks.contract import InvitationsOptions
from tasks.services import Services
from worker import logs, metrics
from worker.rules import occasions
from worker.rules.invitations import InvitedContact, Verdict, decide_withdrawals
from worker.rules.model import CampaignKind, CampaignState, Kind, SentInvitation

log = logs.get_logger(__name__)


def start_invitations_campaign(
    session: Session, *, account: str, campaign_id: UUID, options: InvitationsOptions
) -> bool:
    """Add the campaign. True: its site is to be read before it can be planned.

    Raises RequestRefusedError for an account that doesn't exist. Asked twice with one id, it starts once.
    """
    found = require_account(session, account)
    return add_campaign(session, found, CampaignKind.INVITATIONS, campaign_id, options) is not None


def read_invitations(services: Services, campaign_id: UUID) -> None:
    """Read the account's sent invitations in the browser, keep whom they were sent to, and plan."""
    read = read_site_list(
        services, campaign_id, "invitations", lambda site, today: site.sent_invitations(today)
    )
    if read is None:
        return
    campaign, sent = read
    with services.database.transaction() as session:
        kept = invitations.save_invited(session, campaign.account_id, sent)
    # Not in one: whoever records a withdrawal locks the audit's head first and its contact then.
    with services.database.transaction() as session:
        _plan_withdrawals(session, campaign.id, list(sent))
    metrics.CONTACTS_PROCESSED.labels("sent_invitations", "read").inc(kept)
    log.info("invitations_read", campaign=str(campaign_id), invitations=kept)


def _plan_withdrawals(session: Session, campaign_id: UUID, sent: list[SentInvitation]) -> None:
    campaign = campaigns.find_campaign(session, campaign_id, lock=True)
    if campaign is None or campaign.state != CampaignState.READING:
        return  # planned meanwhile, or cancelled
    options = InvitationsOptions.model_validate(campaign.options)
    account = accounts.get_account(session, campaign.account_id)
    today = today_in(session, account.zone)
    occasion = occasions.withdrawal_occasion(today)
    judged = decide_withdrawals(
        invitations.list_invited(session, account.id, sent, occasion=occasion),
        today,
        older_than_days=options.older_than_days,
        limit=options.limit,
    )
    if options.dry_run:
        campaigns.mark_planned(session, campaign.id, preview=[_preview(*one, today) for one in judged])
        return
    drafts = [
        PlannedAction(one.contact_id, occasion, one.invitation.sent_on, "")
        for one, verdict in judged
        if verdict is Verdict.WITHDRAW
    ]
    planned = campaigns.insert_plan(session, campaign, Kind.WITHDRAW, drafts)
    campaigns.mark_planned(session, campaign.id)
    metrics.CONTACTS_PROCESSED.labels("plan", "planned").inc(planned)
    metrics.CONTACTS_PROCESSED.labels("plan", "known_or_left_out").inc(len(judged) - planned)
    log.info("campaign_planned", campaign=str(campaign.id), due=len(drafts), planned=planned)


def _preview(one: InvitedContact, verdict: Verdict, today: date) -> dict[str, str]:
    return {
        "contact": one.invitation.full_name,
        "profile_url": one.invitation.profile_url,
        "on": one.invitation.sent_on.isoformat(),
        "days": str((today - one.invitation.sent_on).days),
        "verdict": verdict,
        "already": one.planned_as or "",
    }
