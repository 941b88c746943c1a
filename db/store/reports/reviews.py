"""Proposals as a person reviews them: whose they are, where they come from, and when they would be sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.store.actions.review import proposals
from db.store.actions.review.proposals import Proposal
from db.store.people import accounts
from db.store.reports.forecasts import birthday_forecast
from db.tables import Action, Campaign, Contact


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a proposal comes from. `options` are those of its campaign."""

    id: UUID
    account_id: int
    contact_id: int
    occasion_on: date
    options: Mapping[str, Any]


def list_origins(session: Session, action_ids: Sequence[UUID]) -> Sequence[Origin]:
    """Return where these proposals come from, also those decided on since they were listed."""
    rows = session.execute(
        select(Action.id, Action.account_id, Action.contact_id, Action.occasion_on, Campaign.options)
        .join(Campaign, Campaign.id == Action.campaign_id)
        .where(Action.id.in_(action_ids), Action.contact_id.is_not(None))
    )
    return [Origin(*row) for row in rows]


def list_names(session: Session, action_ids: Sequence[UUID]) -> Mapping[UUID, str]:
    """Return the names of the people of these actions, proposed or not."""
    rows = session.execute(
        select(Action.id, Contact.full_name)
        .join(Contact, Contact.id == Action.contact_id)
        .where(Action.id.in_(action_ids))
    )
    return {row.id: row.full_name for row in rows}


def list_with_outlook(
    session: Session,
    *,
    limit: int,
    after: UUID | None = None,
    account: str | None = None,
    campaign: UUID | None = None,
    default_late_days: int,
) -> Sequence[Proposal]:
    """Return a page of `proposals.list_proposals`, each with the forecast of its sending.

    `default_late_days` is that of `birthday_forecast.forecast_birthdays`.
    """
    found = proposals.list_proposals(session, limit=limit, after=after, account=account, campaign=campaign)
    return add_outlook(session, found, default_late_days=default_late_days)


def add_outlook(session: Session, found: Sequence[Proposal], *, default_late_days: int) -> Sequence[Proposal]:
    """Return the proposals with the forecast of their sending, one forecast for each account."""
    records = [accounts.find_account(session, name) for name in sorted({each.account for each in found})]
    outlooks = {
        record.name: birthday_forecast.forecast_greetings(
            session, record, default_late_days=default_late_days, only_planned=True
        )
        for record in records
        if record is not None
    }
    return [
        replace(each, outlook=outlooks.get(each.account, {}).get((each.contact_id, each.occasion_on)))
        for each in found
    ]
