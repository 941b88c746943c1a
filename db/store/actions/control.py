"""Pause, resume, cancel and the kill switch: what a person says to what is planned."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.tables import Account, Action, Campaign, Contact, KillSwitch
from worker.errors import Reason
from worker.rules.lifecycle import check_transition
from worker.rules.model import AccountStatus, ActionState, CampaignState, Kind
from worker.rules.quota.denials import DENIAL_REASONS


class CampaignVerb(StrEnum):
    """What a person may do to a campaign."""

    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"


_ALLOWED_FROM = {
    CampaignVerb.PAUSE: [CampaignState.PLANNED],
    CampaignVerb.RESUME: [CampaignState.PAUSED],
    CampaignVerb.CANCEL: [CampaignState.READING, CampaignState.PLANNED, CampaignState.PAUSED],
}


@dataclass(frozen=True, slots=True)
class PulledSwitch:
    """The kill switch is on, since when and by whom."""

    at: datetime
    by: str


def pull_kill_switch(session: Session, by: str) -> None:
    """Stop everything, for all accounts, at the next gate. Pulled twice, the first counts."""
    session.execute(insert(KillSwitch).values(pulled_by=by).on_conflict_do_nothing())


def release_kill_switch(session: Session) -> bool:
    """Let everything go on; return whether the switch was on."""
    return session.execute(delete(KillSwitch).returning(KillSwitch.id)).first() is not None


def get_kill_switch(session: Session) -> PulledSwitch | None:
    """Return who pulled the switch and when, or None."""
    row = session.scalar(select(KillSwitch))
    return PulledSwitch(row.pulled_at, row.pulled_by) if row else None


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
            Campaign.state.in_(_ALLOWED_FROM[CampaignVerb.CANCEL]),
        )
        .values(state=CampaignState.CANCELLED, reason=Reason.CAMPAIGN_CANCELLED)
        .returning(Campaign.id)
    ).first()
    if cancelled is None:
        return None
    waiting = (
        select(Action.id)
        .where(
            Action.campaign_id == campaign_id,
            Action.state.in_([ActionState.PROPOSED, ActionState.PLANNED]),
        )
        .order_by(Action.id)
        .with_for_update()
    )
    dropped = session.execute(
        update(Action)
        .where(Action.id.in_(waiting))
        .values(
            state=ActionState.SKIPPED, reason=Reason.CAMPAIGN_CANCELLED, detail="the campaign was cancelled"
        )
        .returning(Action.id)
    )
    return len(dropped.all())


def change_campaign(session: Session, campaign_id: UUID, verb: CampaignVerb) -> int | None:
    """Pause, resume or cancel; return how many actions it drops, or None where its state forbids it."""
    if verb is CampaignVerb.CANCEL:
        return cancel_campaign(session, campaign_id)
    change = pause_campaign if verb is CampaignVerb.PAUSE else resume_campaign
    return 0 if change(session, campaign_id) else None


def describe_refusal(verb: CampaignVerb, state: CampaignState) -> str:
    """Say why a campaign in `state` can't be paused, resumed or cancelled."""
    said = f"the campaign is {state}: to {verb} it, it must be {' or '.join(_ALLOWED_FROM[verb])}"
    if state is CampaignState.READING:
        return f"{said}; it still reads its site, so try again in a moment, or cancel it"
    return said


def settle_by_hand(session: Session, action_id: UUID, state: ActionState) -> bool:
    """Settle an action that needs review, as a person has seen it: done, to be planned again, or skipped.

    `done` writes no interaction, since its text was never proven by us, but the person counts as greeted.
    What may have happened keeps its date (`acting_since`) and its place in the quota; only `planned` says
    that it surely did not. False where nothing was to be settled, or where it can't be planned again
    because its campaign was cancelled.
    """
    check_transition(ActionState.NEEDS_REVIEW, state)
    settled = (
        update(Action)
        .where(Action.id == action_id, Action.state == ActionState.NEEDS_REVIEW)
        .values(state=state, reason=Reason.SETTLED_BY_HAND, detail="a person looked")
        .returning(Action.contact_id, Action.kind, Action.occasion_on)
    )
    if state is ActionState.PLANNED:
        cancelled = select(Campaign.id).where(
            Campaign.id == Action.campaign_id, Campaign.state == CampaignState.CANCELLED
        )
        settled = settled.where(~cancelled.exists()).values(
            not_before=func.now(), acting_since=None, acting_attempt=None, looks=0, failures=0
        )
    moved = session.execute(settled).first()
    if moved is not None and state is ActionState.DONE and moved.kind == Kind.GREET:
        session.execute(
            update(Contact)
            .where(Contact.id == moved.contact_id)
            .values(last_greeted_on=func.greatest(Contact.last_greeted_on, moved.occasion_on))
        )
    return moved is not None


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


def wake_denied_actions(session: Session, account_id: int, kinds: Collection[Kind]) -> int:
    """Let what waits because the quota said so be due now, as its limits have changed; return how many.

    It is asked again when its turn comes, so nothing passes that may not.
    """
    denied = [
        Action.account_id == account_id,
        Action.kind.in_(kinds),
        Action.state == ActionState.PLANNED,
        Action.reason.in_(DENIAL_REASONS),
        Action.not_before > func.now(),
    ]
    locked = select(Action.id).where(*denied).order_by(Action.id).with_for_update()
    moved = update(Action).where(Action.id.in_(locked)).values(not_before=func.now()).returning(Action.id)
    return len(session.execute(moved).all())
