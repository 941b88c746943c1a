"""Forecast when a campaign's search pages are read and its profiles opened."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.store.quota import ledger, limits
from db.tables import Action, Campaign
from worker.rules.lifecycle import END_STATES
from worker.rules.model import CampaignState, Kind
from worker.rules.quota.forecast import ExpectedAction, forecast
from worker.rules.quota.limits import Limits

HORIZON: Final = timedelta(days=365)

PEOPLE_A_PAGE: Final = 10
"""Results per page on the known sites. The true number is known when a page is read."""


@dataclass(frozen=True, slots=True)
class SearchEstimate:
    """When the last page of a search is read and its last profile opened; None: not within `HORIZON`.

    `of_pages` and `of_profiles` are the limits in force now for pages and profiles.
    """

    people: int
    pages: int
    last_page: datetime | None
    last_profile: datetime | None
    of_pages: Limits
    of_profiles: Limits


def estimate_search(session: Session, account_id: int, *, people: int, campaign_id: UUID) -> SearchEstimate:
    """Return when a search for `people` is done, if all of them are new and nothing fails."""
    pages = -(-people // PEOPLE_A_PAGE)
    last_page = forecast_times(session, account_id, Kind.COLLECT, pages, campaign_id=campaign_id)[-1]
    last = forecast_times(session, account_id, Kind.VISIT, people, campaign_id=campaign_id)[-1]
    return SearchEstimate(
        people=people,
        pages=pages,
        last_page=last_page,
        last_profile=max(last, last_page) if last and last_page else None,  # found first, then opened
        of_pages=limits.load_context(session, account_id, Kind.COLLECT, str(campaign_id)).context.limits,
        of_profiles=limits.load_context(session, account_id, Kind.VISIT, str(campaign_id)).context.limits,
    )


def forecast_times(
    session: Session, account_id: int, kind: Kind, count: int, *, campaign_id: UUID
) -> list[datetime | None]:
    """Return when each of `count` pages of `kind` is read for a campaign (aware, UTC), in order.

    Simulates the quota from the limits in force and the current usage. Pages that other campaigns have
    planned go first; nothing else is assumed to use the quota. None: not within `HORIZON`.
    """
    allowance = limits.load_allowance(session, account_id, kind)
    now = ledger.read_clock(session)
    today = now.astimezone(allowance.zone).date()
    others = _list_planned_by_others(session, account_id, kind, campaign_id)
    runs = [*others, *[str(campaign_id)] * count]
    until = today + HORIZON
    expected = [ExpectedAction(place, "", today, until, campaign=run) for place, run in enumerate(runs)]
    state = ledger.read_ledger(session, allowance.context_at(now, ""))
    actions = forecast(expected, allowance, state, now=now, last=today).actions
    return [action.reached_at for action in actions[len(others) :]]


def _list_planned_by_others(session: Session, account_id: int, kind: Kind, campaign_id: UUID) -> list[str]:
    """Return the campaign of each page of `kind` that other campaigns have planned."""
    waiting = (
        select(Action.campaign_id)
        .join(Campaign, Campaign.id == Action.campaign_id)
        .where(
            Action.account_id == account_id,
            Action.kind == kind,
            Action.state.not_in(END_STATES),
            Campaign.state == CampaignState.PLANNED,
            Action.campaign_id != campaign_id,
        )
    )
    return [str(other) for other in session.scalars(waiting)]
