"""Campaigns: one run of a kind for an account, from the request to the plan."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.queries import load_query
from db.tables import Account, Action, Campaign
from worker.errors import Reason
from worker.rules.model import ActionState, CampaignKind, CampaignState, Kind


@dataclass(frozen=True, slots=True)
class CampaignRecord:
    """One campaign with the validated snapshot of its options."""

    id: UUID
    account_id: int
    account: str
    kind: CampaignKind
    options: dict[str, Any]
    state: CampaignState
    reason: Reason | None
    detail: str | None
    preview: list[dict[str, str]] | None
    correlation_id: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class PlannedAction:
    """One row of a plan. `contact_id` is None for a search page.

    With a `reason` the action is inserted as skipped. The message is worded for the day `worded_for`; the
    action must not happen after `expires_on`.
    """

    contact_id: int | None
    occasion: str
    on: date
    message: str
    reason: Reason | None = None
    worded_for: date | None = None
    expires_on: date | None = None
    id: UUID = field(default_factory=uuid4)


_CAMPAIGNS = select(Campaign, Account.name).join(Account, Account.id == Campaign.account_id)


def _record(row: Campaign, account: str) -> CampaignRecord:
    return CampaignRecord(
        id=row.id,
        account_id=row.account_id,
        account=account,
        kind=CampaignKind(row.kind),
        options=row.options,
        state=CampaignState(row.state),
        reason=Reason(row.reason) if row.reason else None,
        detail=row.detail,
        preview=row.preview,
        correlation_id=row.correlation_id,
        created_at=row.created_at,
    )


def add_campaign(
    session: Session,
    *,
    campaign_id: UUID,
    account_id: int,
    kind: CampaignKind,
    options: dict[str, Any],
    correlation_id: str,
) -> bool:
    """Insert a campaign in state READING. Return False if the id exists already."""
    statement = insert(Campaign).values(
        id=campaign_id,
        account_id=account_id,
        kind=kind,
        options=options,
        state=CampaignState.READING,
        nudged_at=func.now(),
        correlation_id=correlation_id,
    )
    inserted = session.execute(statement.on_conflict_do_nothing().returning(Campaign.id))
    return inserted.first() is not None


def find_campaign(session: Session, campaign_id: UUID, *, lock: bool = False) -> CampaignRecord | None:
    """Return the campaign, or None. `lock` locks its row until the transaction ends."""
    statement = _CAMPAIGNS.where(Campaign.id == campaign_id)
    found = session.execute(statement.with_for_update(of=Campaign) if lock else statement).first()
    return _record(*found) if found else None


def list_campaigns(session: Session, campaign_ids: Sequence[UUID]) -> Sequence[CampaignRecord]:
    """Return these campaigns, in the order of the ids; unknown ids are left out."""
    rows = session.execute(_CAMPAIGNS.where(Campaign.id.in_(campaign_ids)))
    records = {row.id: _record(row, account) for row, account in rows}
    return [records[campaign_id] for campaign_id in campaign_ids if campaign_id in records]


def insert_plan(
    session: Session,
    campaign: CampaignRecord,
    kind: Kind,
    actions: Sequence[PlannedAction],
    *,
    needs_approval: bool = False,
) -> int:
    """Insert the plan's actions and return how many of them are to be done.

    One statement that skips occasions with an existing action, so planning is idempotent, also concurrently.
    With `needs_approval` the actions are inserted as PROPOSED and wait for a person.
    """
    wanted, waits = (
        (ActionState.PROPOSED, Reason.AWAITING_APPROVAL) if needs_approval else (ActionState.PLANNED, None)
    )
    inserted = session.scalars(
        load_query("plan_actions"),
        {
            "account_id": campaign.account_id,
            "campaign_id": campaign.id,
            "kind": kind,
            "correlation_id": campaign.correlation_id,
            "ids": [action.id for action in actions],
            "contact_ids": [action.contact_id for action in actions],
            "occasions": [action.occasion for action in actions],
            "occasion_dates": [action.on for action in actions],
            "expiries": [action.expires_on for action in actions],
            "messages": [action.message for action in actions],
            "worded_for": [action.worded_for for action in actions],
            "states": [ActionState.SKIPPED if action.reason else wanted for action in actions],
            "reasons": [action.reason or waits for action in actions],
            "needs_approval": needs_approval,
        },
    )
    return sum(state == wanted for state in inserted)


def mark_planned(session: Session, campaign_id: UUID, *, preview: list[dict[str, str]] | None = None) -> None:
    """Mark the campaign as PLANNED. A dry run stores `preview` instead of actions."""
    session.execute(
        update(Campaign)
        .where(Campaign.id == campaign_id)
        .values(state=CampaignState.PLANNED, planned_at=func.now(), preview=preview)
    )


def mark_failed(session: Session, campaign_id: UUID, reason: Reason, detail: str) -> None:
    """Mark a READING campaign as FAILED, with a reason and a detail for a person."""
    session.execute(
        update(Campaign)
        .where(Campaign.id == campaign_id, Campaign.state == CampaignState.READING)
        .values(state=CampaignState.FAILED, reason=reason, detail=detail)
    )


def take_stale_readings(session: Session, stale_after: timedelta) -> Sequence[CampaignRecord]:
    """Return READING campaigns whose task was published over `stale_after` ago, and stamp them as published.

    A lost message delays a campaign by at most this time.
    """
    stale = (
        select(Campaign.id)
        .where(
            Campaign.state == CampaignState.READING,
            or_(Campaign.nudged_at.is_(None), Campaign.nudged_at < func.now() - stale_after),
        )
        .with_for_update(skip_locked=True)
    )
    published = (
        update(Campaign).where(Campaign.id.in_(stale)).values(nudged_at=func.now()).returning(Campaign.id)
    )
    return list_campaigns(session, session.scalars(published).all())


def count_actions(session: Session, campaign_id: UUID) -> dict[ActionState, int]:
    """Return the number of the campaign's actions in each state."""
    rows = session.execute(
        select(Action.state, func.count()).where(Action.campaign_id == campaign_id).group_by(Action.state)
    )
    return {ActionState(state): count for state, count in rows}
