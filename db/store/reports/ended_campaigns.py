"""Campaigns that have come to their end: none of their actions is open any more."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from db.queries import load_query
from db.store.notices.outbox import record_event
from db.store.reports.summary import summarise_campaign
from worker.rules.notices.kinds import NoticeKind
from worker.rules.reports.campaign_progress import CampaignProgress

_PLANNED_WITHIN: Final = timedelta(days=60)
_ENDED_WITHIN: Final = timedelta(days=1)


def record_ended_campaigns(session: Session) -> int:
    """Write an event for each campaign that has ended since, with its counts; return how many.

    One without actions is not told, and neither is one that a person cancelled.
    """
    limits = {"planned_within": _PLANNED_WITHIN, "ended_within": _ENDED_WITHIN}
    found = session.scalars(load_query("ended_campaigns"), limits).all()
    return sum(_record_end(session, campaign_id) for campaign_id in found)


def _record_end(session: Session, campaign_id: UUID) -> bool:
    summary = summarise_campaign(session, campaign_id)
    if summary is None or summary.progress is not CampaignProgress.FINISHED:
        return False
    campaign, happened = summary.campaign, summary.happened
    return record_event(
        session,
        NoticeKind.CAMPAIGN_ENDED,
        key=str(campaign.id),
        account_id=campaign.account_id,
        payload={
            "account": campaign.account,
            "campaign": str(campaign.id),
            "campaign_kind": campaign.kind,
            "outcome": summary.progress,
            "sent": happened.sent,
            "late": happened.late,
            "visits": happened.visits,
            "pages": happened.pages,
            "withdrawn": happened.withdrawn,
            "replies": happened.replies,
            "left_out": sum(happened.skipped.values()),
            "failed": sum(happened.failed.values()),
        },
    )
