"""Pause, resume, cancel and the kill switch: what a person says to what is planned."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.tables import Account, Action, Campaign, KillSwitch
from worker.errors import Reason
from worker.rules.model import AccountStatus, ActionState, CampaignState


@dataclass(frozen=True, slots=True)
class Pulled:
    """The kill switch is on, since when and by whom."""

    at: datetime
    by: str


def pull_kill_switch(session: Session, by: str) -> None:
    """Stop everything, for all accounts, at the next gate. Pulled twice, the first counts."""
    session.execute(insert(KillSwitch).values(pulled_by=by).on_conflict_do_nothing())


def release_kill_switch(session: Session) -> bool:
    """Let everything go on; return whether the switch was on."""
    return session.execute(delete(KillSwitch).returning(KillSwitch.id)).first() is not None


def kill_switch(session: Session) -> Pulled | None:
    """Return who pulled the switch and when, or None."""
    row = session.scalar(select(KillSwitch))
    return Pulled(row.pulled_at, row.pulled_by) if row else None


def pause_account(session: Session, account_id: int) -> bool:
    """Let an active account do nothing until it is resumed; return whether it was active."""
    return _set_status(session, account_id, AccountStatus.ACTIVE, AccountStatus.PAUSED, Reason.ACCOUNT_PAUSED)


def resume_account(session: Session, account_id: int) -> bool:
    """Let a paused account go on; True if it was paused. One that a site stopped must sign in again."""
    return _set_status(session, account_id, AccountStatus.PAUSED, AccountStatus.ACTIVE, None)


def pause_campaign(session: Session, campaign_id: UUID) -> bool:
    """Let a planned campaign wait; return whether it did anything."""
    return _set_state(
        session, campaign_id, CampaignState.PLANNED, CampaignState.PAUSED, Reason.CAMPAIGN_PAUSED
    )


def resume_campaign(session: Session, campaign_id: UUID) -> bool:
    """Let a paused campaign go on; return whether it was paused."""
    return _set_state(session, campaign_id, CampaignState.PAUSED, CampaignState.PLANNED, None)


def cancel_campaign(session: Session, campaign_id: UUID) -> int | None:
    """End a campaign for good; return how many actions it drops, or None if it had ended before.

    What a worker holds at this moment meets the gate before its effect; what has acted is settled as ever.
    """
    cancelled = session.execute(
        update(Campaign)
        .where(
            Campaign.id == campaign_id,
            Campaign.state.in_([CampaignState.READING, CampaignState.PLANNED, CampaignState.PAUSED]),
        )
        .values(state=CampaignState.CANCELLED, reason=Reason.CAMPAIGN_CANCELLED)
        .returning(Campaign.id)
    ).first()
    if cancelled is None:
        return None
    dropped = session.execute(
        update(Action)
        .where(
            Action.campaign_id == campaign_id,
            Action.state.in_([ActionState.PROPOSED, ActionState.PLANNED]),
        )
        .values(
            state=ActionState.SKIPPED, reason=Reason.CAMPAIGN_CANCELLED, detail="the campaign was cancelled"
        )
        .returning(Action.id)
    )
    return len(dropped.all())


def settle_by_hand(session: Session, action_id: UUID, state: ActionState) -> bool:
    """Settle an action that needs review, as a person has seen it: done, to be planned again, or skipped.

    `done` writes no interaction: its text was never proven by us.
    """
    moved = session.execute(
        update(Action)
        .where(Action.id == action_id, Action.state == ActionState.NEEDS_REVIEW)
        .values(
            state=state,
            reason=Reason.SETTLED_BY_HAND,
            detail="a person looked",
            acting_since=None,
            looks=0,
            failures=0,
        )
        .returning(Action.id)
    )
    return moved.first() is not None


def _set_status(
    session: Session, account_id: int, was: AccountStatus, becomes: AccountStatus, reason: Reason | None
) -> bool:
    moved = session.execute(
        update(Account)
        .where(Account.id == account_id, Account.status == was)
        .values(status=becomes, stop_reason=reason)
        .returning(Account.id)
    )
    return moved.first() is not None


def _set_state(
    session: Session, campaign_id: UUID, was: CampaignState, becomes: CampaignState, reason: Reason | None
) -> bool:
    moved = session.execute(
        update(Campaign)
        .where(Campaign.id == campaign_id, Campaign.state == was)
        .values(state=becomes, reason=reason)
        .returning(Campaign.id)
    )
    return moved.first() is not None
