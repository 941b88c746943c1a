"""Hits: whom a campaign's search found, and how well each fits."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from db.store import campaigns
from db.store.campaigns import CampaignRecord
from db.tables import Contact, Hit
from worker.rules.scoring import Score


def keep_score(session: Session, campaign_id: UUID, contact_id: int, found: Score) -> None:
    """Keep how well a hit fits its campaign's criteria, and why; it is the contact's score from now on."""
    reasons = [{"points": r.points, "criterion": r.criterion, "text": r.text} for r in found.reasons]
    session.execute(
        update(Hit)
        .where(Hit.campaign_id == campaign_id, Hit.contact_id == contact_id)
        .values(score=found.points, reasons=reasons, scored_at=func.now())
    )
    session.execute(update(Contact).where(Contact.id == contact_id).values(score=found.points))


def campaigns_of(session: Session, contact_id: int) -> Sequence[CampaignRecord]:
    """Return the campaigns whose search found this contact."""
    found = select(Hit.campaign_id).where(Hit.contact_id == contact_id).order_by(Hit.scored_at.nulls_first())
    known = (campaigns.get(session, campaign_id) for campaign_id in session.scalars(found).all())
    return [campaign for campaign in known if campaign is not None]
