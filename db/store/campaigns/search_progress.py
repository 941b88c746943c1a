"""Progress of a campaign's search for display: pages, scores, and what comes next."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.store.campaigns import searches
from db.store.campaigns.searches import SearchRecord
from db.tables import Action, Campaign, Hit, StoredProfile
from worker.errors import Reason
from worker.rules.lifecycle import END_STATES
from worker.rules.model import ActionState, CampaignState, Kind


@dataclass(frozen=True, slots=True)
class VisitProgress:
    """Progress of a campaign: its search, the number of profiles `read`, and of visits `waiting`."""

    search: SearchRecord | None
    read: int
    waiting: int


@dataclass(frozen=True, slots=True)
class SearchProgress:
    """A search at one moment. `best` and `mean` are of the `scored` people.

    `waits_for` and `not_before` are the reason and the time of the next action, if it must wait.
    `nothing_left`: nothing more happens without a person.
    """

    state: CampaignState
    progress: VisitProgress
    scored: int
    best: int | None
    mean: int | None
    waits_for: Reason | None
    not_before: datetime | None
    nothing_left: bool


def get_visit_progress(session: Session, campaign_id: UUID) -> VisitProgress:
    """Return the progress of the campaign's search and visits."""
    opened = (
        select(func.count())
        .select_from(Hit)
        .join(StoredProfile, StoredProfile.contact_id == Hit.contact_id)
        .where(Hit.campaign_id == campaign_id)
    )
    waiting = select(func.count()).where(
        Action.campaign_id == campaign_id, Action.kind == Kind.VISIT, Action.state.not_in(END_STATES)
    )
    return VisitProgress(
        search=searches.find_search(session, campaign_id),
        read=session.scalars(opened).one(),
        waiting=session.scalars(waiting).one(),
    )


def get_search_progress(session: Session, campaign_id: UUID) -> SearchProgress:
    """Return the campaign's search progress. Raises NoResultFound for an unknown id."""
    state = CampaignState(session.scalars(select(Campaign.state).where(Campaign.id == campaign_id)).one())
    scored, best, mean = session.execute(
        select(func.count(Hit.score), func.max(Hit.score), func.round(func.avg(Hit.score))).where(
            Hit.campaign_id == campaign_id
        )
    ).one()
    upcoming = session.execute(
        select(Action.reason, Action.not_before)
        .where(
            Action.campaign_id == campaign_id,
            Action.state.not_in(END_STATES),
            Action.state != ActionState.NEEDS_REVIEW,  # waits for a person
        )
        .order_by(Action.lease_until.is_(None), Action.not_before, Action.id)
        .limit(1)
    ).first()
    held_up = upcoming if upcoming is not None and upcoming.reason is not None else None
    return SearchProgress(
        state=state,
        progress=get_visit_progress(session, campaign_id),
        scored=scored,
        best=best,
        mean=int(mean) if mean is not None else None,
        waits_for=Reason(held_up.reason) if held_up else None,
        not_before=held_up.not_before if held_up else None,
        nothing_left=state in {CampaignState.CANCELLED, CampaignState.FAILED}
        or (state is CampaignState.PLANNED and upcoming is None),
    )
