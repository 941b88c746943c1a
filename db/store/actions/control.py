"""Pause and resume accounts; pause, resume and cancel campaigns; settle actions by hand."""

from collections.abc import Collection, Sequence
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, Date, and_, cast, func, or_, select, update
from sqlalchemy.orm import Session

from db.store.quota import epochs
from db.tables import Account, Action, Campaign, Contact
from worker.errors import Reason
from worker.rules.halts import RESUMED_BY_HAND
from worker.rules.lifecycle import check_transition
from worker.rules.model import AccountStatus, ActionState, CampaignState, Kind
from worker.rules.quota.denials import DENIAL_REASONS


class CampaignVerb(StrEnum):
    """What a person may do to a campaign."""

    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"


class Settlement(StrEnum):
    """How a person settles an action, as seen on the site: it arrived, to be sent again, or left out."""

    DONE = "done"
    AGAIN = "again"
    SKIP = "skip"

    @property
    def state(self) -> ActionState:
        """The state of the action after it."""
        return _STATE_AFTER[self]


_STATE_AFTER = {
    Settlement.DONE: ActionState.DONE,
    Settlement.AGAIN: ActionState.PLANNED,
    Settlement.SKIP: ActionState.SKIPPED,
}

_ALLOWED_FROM = {
    CampaignVerb.PAUSE: [CampaignState.PLANNED],
    CampaignVerb.RESUME: [CampaignState.PAUSED],
    CampaignVerb.CANCEL: [CampaignState.READING, CampaignState.PLANNED, CampaignState.PAUSED],
}


def pause_account(session: Session, account_id: int) -> bool:
    """Pause an active account; return whether it was active."""
    paused = session.execute(
        update(Account)
        .where(Account.id == account_id, Account.status == AccountStatus.ACTIVE)
        .values(status=AccountStatus.PAUSED, stop_reason=Reason.ACCOUNT_PAUSED)
        .returning(Account.id)
    )
    return paused.first() is not None


def resume_account(session: Session, account_id: int) -> bool:
    """Resume an account that is paused, or stopped for a reason that needs no sign-in; False for others."""
    cleared = and_(Account.status == AccountStatus.STOPPED, Account.stop_reason.in_(RESUMED_BY_HAND))
    resumed = session.execute(
        update(Account)
        .where(Account.id == account_id, or_(Account.status == AccountStatus.PAUSED, cleared))
        .values(status=AccountStatus.ACTIVE, stop_reason=None)
        .returning(Account.id)
    )
    return resumed.first() is not None


def pause_campaign(session: Session, campaign_id: UUID) -> bool:
    """Pause a planned campaign; return whether it was planned."""
    return _set_state(
        session, campaign_id, CampaignState.PLANNED, CampaignState.PAUSED, Reason.CAMPAIGN_PAUSED
    )


def resume_campaign(session: Session, campaign_id: UUID) -> bool:
    """Resume a paused campaign; return whether it was paused."""
    return _set_state(session, campaign_id, CampaignState.PAUSED, CampaignState.PLANNED, None)


def cancel_campaign(session: Session, campaign_id: UUID) -> int | None:
    """Cancel a campaign; return how many actions are skipped by it, or None if it had ended before.

    An action that a worker holds now is stopped by the gate before its effect; one that has acted is settled
    as usual.
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
    waiting = select(Action.id).where(_dropped_by_cancelling(campaign_id)).order_by(Action.id)
    dropped = session.execute(
        update(Action)
        .where(Action.id.in_(waiting.with_for_update()))
        .values(
            state=ActionState.SKIPPED, reason=Reason.CAMPAIGN_CANCELLED, detail="the campaign was cancelled"
        )
        .returning(Action.id)
    )
    return len(dropped.all())


def count_dropped_by_cancelling(session: Session, campaign_id: UUID) -> int:
    """Return how many actions `cancel_campaign` would skip now."""
    return session.scalars(select(func.count()).where(_dropped_by_cancelling(campaign_id))).one()


def _dropped_by_cancelling(campaign_id: UUID) -> ColumnElement[bool]:
    waiting = Action.state.in_([ActionState.PROPOSED, ActionState.PLANNED])
    return and_(Action.campaign_id == campaign_id, waiting)


def list_allowed_verbs(state: CampaignState) -> Sequence[CampaignVerb]:
    """Return what may be done to a campaign in this state."""
    return [verb for verb, states in _ALLOWED_FROM.items() if state in states]


def change_campaign(session: Session, campaign_id: UUID, verb: CampaignVerb) -> int | None:
    """Pause, resume or cancel; return how many actions are skipped, or None if the state forbids it."""
    if verb is CampaignVerb.CANCEL:
        return cancel_campaign(session, campaign_id)
    change = pause_campaign if verb is CampaignVerb.PAUSE else resume_campaign
    return 0 if change(session, campaign_id) else None


def describe_refusal(verb: CampaignVerb, state: CampaignState) -> str:
    """Return in words why a campaign in `state` can't be paused, resumed or cancelled."""
    text = f"the campaign is {state}: to {verb} it, it must be {' or '.join(_ALLOWED_FROM[verb])}"
    if state is CampaignState.READING:
        return f"{text}; it still reads its site, so try again in a moment, or cancel it"
    return text


def describe_unsettled(state: ActionState, settlement: Settlement) -> str:
    """Return in words why an action in `state` was not settled."""
    if state is ActionState.NEEDS_REVIEW and settlement is Settlement.AGAIN:
        return "its campaign was cancelled, so it can't be planned again: settle it as done or skip"
    return f"the action is {state}: only an action in needs_review can be settled"


def settle_by_hand(session: Session, action_id: UUID, state: ActionState) -> bool:
    """Settle an action that needs review, as a person decided: DONE, PLANNED again, or SKIPPED.

    DONE writes no interaction, because the text was not proven, but the person counts as greeted. DONE and
    SKIPPED keep the date (`acting_since`) and the unit of the quota; only PLANNED means that the effect
    certainly did not happen. Returns False if there is nothing to settle, or if it can't be PLANNED because
    its campaign was cancelled.
    """
    check_transition(ActionState.NEEDS_REVIEW, state)
    if state is ActionState.PLANNED:
        # Its unit was not used: the counters are rebuilt without it. Before the action is locked, as an
        # intent locks them.
        owner = session.scalar(select(Action.account_id).where(Action.id == action_id))
        if owner is not None:
            epochs.end_epoch(session, owner)
    settled = (
        update(Action)
        .where(Action.id == action_id, Action.state == ActionState.NEEDS_REVIEW)
        .values(state=state, reason=Reason.SETTLED_BY_HAND, detail="a person checked the thread")
        .returning(Action.contact_id, Action.kind, Action.acting_since)
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
        sent_on = cast(func.timezone(Account.time_zone, moved.acting_since), Date)
        session.execute(
            update(Contact)
            .where(Contact.id == moved.contact_id, Account.id == Contact.account_id)
            .values(last_greeted_on=func.greatest(Contact.last_greeted_on, sent_on))
        )
    return moved is not None


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
    """After a change of limits, make actions due now that the quota denied; return how many.

    The quota is asked again before each of them, so no limit is exceeded.
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
