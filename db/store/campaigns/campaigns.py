"""Campaigns: one run of a kind for an account, from the request to the plan."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH, insert
from sqlalchemy.orm import Session, defer

from db.store.notices.account_events import record_account_event
from db.tables import Account, Action, Campaign
from worker.errors import Reason
from worker.rules.model import ActionState, CampaignKind, CampaignState
from worker.rules.notices.kinds import NoticeKind

_LONGEST_TOLD: Final = 200


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

    @property
    def is_dry_run(self) -> bool:
        """Whether it only shows what it would do."""
        return bool(self.options.get("dry_run"))


_HAS_PREVIEW = func.jsonb_typeof(Campaign.preview) == "array"
"""Without a dry run it is null, of SQL or of JSON."""
_CAMPAIGNS = select(Campaign, Account.name).join(Account, Account.id == Campaign.account_id)


def to_record(row: Campaign, account: str, *, with_preview: bool = True) -> CampaignRecord:
    """Return the row as a record; `account` is the name of its account.

    `with_preview=False` leaves the preview of a dry run out: it may have thousands of lines.
    """
    return CampaignRecord(
        id=row.id,
        account_id=row.account_id,
        account=account,
        kind=CampaignKind(row.kind),
        options=row.options,
        state=CampaignState(row.state),
        reason=Reason(row.reason) if row.reason else None,
        detail=row.detail,
        preview=row.preview if with_preview else None,
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


def find_campaign(
    session: Session, campaign_id: UUID, *, lock: bool = False, with_preview: bool = True
) -> CampaignRecord | None:
    """Return the campaign, or None. `lock` locks its row until the transaction ends."""
    statement = _CAMPAIGNS.where(Campaign.id == campaign_id)
    if not with_preview:
        statement = statement.options(defer(Campaign.preview, raiseload=True))
    found = session.execute(statement.with_for_update(of=Campaign) if lock else statement).first()
    return to_record(*found, with_preview=with_preview) if found else None


def list_preview(session: Session, campaign_id: UUID, *, first: int, limit: int) -> Sequence[dict[str, str]]:
    """Return up to `limit` lines of a campaign's preview from line `first` on, counted from 0."""
    last = {"first": first, "last": first + limit - 1}
    path = literal("$[$first to $last]", JSONPATH)
    lines = func.jsonb_path_query_array(Campaign.preview, path, literal(last, JSONB))
    of_campaign = select(lines).where(Campaign.id == campaign_id, _HAS_PREVIEW)
    found: list[dict[str, str]] | None = session.scalar(of_campaign)
    return found or []


def list_campaigns(session: Session, campaign_ids: Sequence[UUID]) -> Sequence[CampaignRecord]:
    """Return these campaigns, in the order of the ids; unknown ids are left out."""
    rows = session.execute(_CAMPAIGNS.where(Campaign.id.in_(campaign_ids)))
    records = {row.id: to_record(row, account) for row, account in rows}
    return [records[campaign_id] for campaign_id in campaign_ids if campaign_id in records]


def count_preview(session: Session, campaign_id: UUID) -> int:
    """Return how many lines the campaign's preview has; 0 without one."""
    lines = select(func.jsonb_array_length(Campaign.preview))
    return session.scalar(lines.where(Campaign.id == campaign_id, _HAS_PREVIEW)) or 0


def mark_planned(session: Session, campaign_id: UUID, *, preview: list[dict[str, str]] | None = None) -> None:
    """Mark the campaign as PLANNED. A dry run stores `preview` instead of actions."""
    session.execute(
        update(Campaign)
        .where(Campaign.id == campaign_id)
        .values(state=CampaignState.PLANNED, planned_at=func.now(), preview=preview, detail=None)
    )


def report_reading(session: Session, campaign_id: UUID, progress: str) -> None:
    """Store how far a READING campaign is, as its detail."""
    session.execute(
        update(Campaign)
        .where(Campaign.id == campaign_id, Campaign.state == CampaignState.READING)
        .values(detail=progress)
    )


def mark_failed(session: Session, campaign_id: UUID, reason: Reason, detail: str) -> None:
    """Mark a READING campaign as FAILED, with a reason and a detail for a person, who is told."""
    failed = session.execute(
        update(Campaign)
        .where(Campaign.id == campaign_id, Campaign.state == CampaignState.READING)
        .values(state=CampaignState.FAILED, reason=reason, detail=detail)
        .returning(Campaign.account_id, Campaign.kind)
    ).first()
    if failed is not None:
        record_account_event(
            session,
            NoticeKind.CAMPAIGN_ENDED,
            failed.account_id,
            key=str(campaign_id),
            payload={
                "campaign": str(campaign_id),
                "campaign_kind": failed.kind,
                "outcome": CampaignState.FAILED,
                "reason": reason,
                "detail": detail[:_LONGEST_TOLD],
            },
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
    return count_actions_of_each(session, [campaign_id])[campaign_id]


def count_actions_of_each(
    session: Session, campaign_ids: Sequence[UUID]
) -> dict[UUID, dict[ActionState, int]]:
    """Return for each campaign the number of its actions in each state."""
    counts: dict[UUID, dict[ActionState, int]] = {campaign_id: {} for campaign_id in campaign_ids}
    rows = session.execute(
        select(Action.campaign_id, Action.state, func.count())
        .where(Action.campaign_id.in_(campaign_ids))
        .group_by(Action.campaign_id, Action.state)
        .order_by(Action.state)
    )
    for campaign_id, state, count in rows:
        counts[campaign_id][ActionState(state)] = count
    return counts
