"""Forecast when a campaign has done all that it has planned."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.store.campaigns import searches
from db.store.campaigns.campaigns import CampaignRecord
from db.store.people.accounts import AccountRecord
from db.store.quota import search_forecast
from db.store.reports import halts
from db.store.reports.forecasts import birthday_forecast
from db.tables import Action
from worker.rules.lifecycle import END_STATES
from worker.rules.model import ActionState, CampaignState, Kind

_WAITS_FOR_A_PERSON = (ActionState.PROPOSED, ActionState.NEEDS_REVIEW)


def forecast_end(
    session: Session, account: AccountRecord, campaign: CampaignRecord, *, default_late_days: int
) -> datetime | None:
    """Return when the last action of the campaign is done, if nothing fails and nobody stops it.

    A search that continues is expected to find as many people as its limit. What waits for a person is left
    out. None: nothing is left to do, it is stopped, or it takes longer than the forecasts look ahead.
    """
    if campaign.state is not CampaignState.PLANNED or halts.list_halts(session, account):
        return None
    waiting = _count_waiting(session, campaign.id)
    search = searches.find_search(session, campaign.id)
    if search is not None and search.ended is None:
        to_find = max(1, campaign.options["limit"] - search.found)
        estimate = search_forecast.estimate_search(
            session, account.id, people=to_find + waiting.get(Kind.VISIT, 0), campaign_id=campaign.id
        )
        return estimate.last_profile
    ends = [
        search_forecast.forecast_times(session, account.id, kind, count, campaign_id=campaign.id)[-1]
        for kind, count in waiting.items()
        if kind is not Kind.GREET
    ]
    if Kind.GREET in waiting:
        ends.append(_forecast_last_greeting(session, account, campaign.id, default_late_days))
    known = [end for end in ends if end is not None]
    return max(known) if known and len(known) == len(ends) else None


def _count_waiting(session: Session, campaign_id: UUID) -> dict[Kind, int]:
    rows = session.execute(
        select(Action.kind, func.count())
        .where(
            Action.campaign_id == campaign_id,
            Action.state.not_in([*END_STATES, *_WAITS_FOR_A_PERSON]),
        )
        .group_by(Action.kind)
    )
    return {Kind(kind): count for kind, count in rows}


def _forecast_last_greeting(
    session: Session, account: AccountRecord, campaign_id: UUID, default_late_days: int
) -> datetime | None:
    forecast = birthday_forecast.forecast_planned(session, account, default_late_days=default_late_days)
    reached = (
        each.reached_at
        for each in forecast.values()
        if each.action.campaign == str(campaign_id) and each.reached_at is not None
    )
    return max(reached, default=None)
