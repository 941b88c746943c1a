"""How far a campaign's search is: pages, people, profiles read, scores."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.store import searches
from db.tables import Action, Campaign, Hit
from worker.errors import Reason
from worker.rules.lifecycle import ENDED
from worker.rules.model import ActionState, CampaignState, Kind, SearchEnd


@dataclass(frozen=True, slots=True)
class Walk:
    """A search at one moment. `ended` is None while it reads further pages.

    `read`, `waiting` and `left_out` are profiles; `scored`, `best` and `mean` are of those that have a score.
    `waits_for` and `not_before` are those of whatever comes next, where something holds it up.
    """

    state: CampaignState
    pages: int
    found: int
    ended: SearchEnd | None
    read: int
    waiting: int
    left_out: int
    scored: int
    best: int | None
    mean: int | None
    waits_for: Reason | None
    not_before: datetime | None
    nothing_left: bool


def of_campaign(session: Session, campaign_id: UUID) -> Walk:
    """Return how far the campaign is. Raises NoResultFound where there is none."""
    state = CampaignState(session.scalars(select(Campaign.state).where(Campaign.id == campaign_id)).one())
    search = searches.get(session, campaign_id)
    counted = session.execute(
        select(Action.kind, Action.state, func.count())
        .where(Action.campaign_id == campaign_id)
        .group_by(Action.kind, Action.state)
    )
    counts = {(Kind(kind), ActionState(of)): count for kind, of, count in counted}
    still_open = {
        at: count for at, count in counts.items() if at[1] not in ENDED | {ActionState.NEEDS_REVIEW}
    }
    read = counts.get((Kind.VISIT, ActionState.DONE), 0)
    waiting = sum(count for (kind, _), count in still_open.items() if kind is Kind.VISIT)
    visits = sum(count for (kind, _), count in counts.items() if kind is Kind.VISIT)
    scored, best, mean = session.execute(
        select(func.count(Hit.score), func.max(Hit.score), func.round(func.avg(Hit.score))).where(
            Hit.campaign_id == campaign_id
        )
    ).one()
    waits_for, not_before = _next(session, campaign_id)
    over = state in {CampaignState.CANCELLED, CampaignState.FAILED}
    return Walk(
        state=state,
        pages=search.pages if search else 0,
        found=search.found if search else 0,
        ended=search.ended if search else None,
        read=read,
        waiting=waiting,
        left_out=visits - read - waiting,
        scored=scored,
        best=best,
        mean=int(mean) if mean is not None else None,
        waits_for=waits_for,
        not_before=not_before,
        nothing_left=over or (state is CampaignState.PLANNED and not still_open),
    )


def _next(session: Session, campaign_id: UUID) -> tuple[Reason | None, datetime | None]:
    """Return why and until when whatever comes next waits; nothing where it is due or under way."""
    row = session.execute(
        select(Action.reason, Action.not_before)
        .where(Action.campaign_id == campaign_id, Action.state.not_in(ENDED))
        .order_by(Action.lease_until.is_(None), Action.not_before, Action.id)
        .limit(1)
    ).first()
    if row is None or row.reason is None:
        return None, None
    return Reason(row.reason), row.not_before
