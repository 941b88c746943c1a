"""Actions: every move of one action's life, as a compare-and-set.

`attempt` is the fencing token: a claim raises it, and every later move asks for it, so a worker that lost
its lease moves nothing any more.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import case, func, select, update
from sqlalchemy.orm import Session

from db.store.campaigns import searches
from db.tables import Account, Action, ActionEvent, Campaign, Contact, Interaction
from worker.errors import Reason
from worker.rules.lifecycle import check_transition
from worker.rules.model import ActionState, CampaignKind, Kind


@dataclass(frozen=True, slots=True)
class Claim:
    """An action in a worker's hand. `looking`: it may have happened already, so it may only be looked at."""

    action_id: UUID
    attempt: int
    looking: bool
    account_id: int
    campaign_id: UUID
    campaign_kind: CampaignKind
    person_id: int | None
    kind: Kind
    occasion: str
    occasion_on: date
    message: str
    worded_for: date | None
    needs_approval: bool
    failures: int
    looks: int
    acting_since: datetime | None
    acting_attempt: int | None
    planned_at: datetime
    correlation_id: str
    site: str
    zone: ZoneInfo
    session: bytes | None
    profile_url: str

    @property
    def contact_id(self) -> int:
        """Whom it is about. Raises ValueError for a page of people found, which is about nobody."""
        if self.person_id is None:
            raise ValueError(f"the action {self.action_id} is about nobody")
        return self.person_id


def claim_action(session: Session, action_id: UUID, *, owner: str, lease: timedelta) -> Claim | None:
    """Take a queued action, or an uncertain one to look at. None: somebody did, or it needs nothing."""
    taken = session.execute(
        update(Action)
        .where(
            Action.id == action_id,
            Action.state.in_([ActionState.QUEUED, ActionState.UNCERTAIN]),
            Action.lease_owner.is_(None),
            Action.lease_until.is_not(None),
        )
        .values(
            state=case((Action.state == ActionState.QUEUED, ActionState.CLAIMED), else_=Action.state),
            attempt=Action.attempt + 1,
            lease_owner=owner,
            lease_until=func.now() + lease,
        )
        .returning(Action.id)
    ).first()
    if taken is None:
        return None
    action, account, campaign_kind, profile_url = session.execute(
        select(Action, Account, Campaign.kind, Contact.profile_url)
        .join(Account, Account.id == Action.account_id)
        .join(Campaign, Campaign.id == Action.campaign_id)
        .outerjoin(Contact, Contact.id == Action.contact_id)
        .where(Action.id == action_id)
    ).one()
    return Claim(
        action_id=action.id,
        attempt=action.attempt,
        looking=action.state == ActionState.UNCERTAIN,
        account_id=account.id,
        campaign_id=action.campaign_id,
        campaign_kind=CampaignKind(campaign_kind),
        person_id=action.contact_id,
        kind=Kind(action.kind),
        occasion=action.occasion,
        occasion_on=action.occasion_on,
        message=action.message,
        worded_for=action.worded_for,
        needs_approval=action.needs_approval,
        failures=action.failures,
        looks=action.looks,
        acting_since=action.acting_since,
        acting_attempt=action.acting_attempt,
        planned_at=action.created_at,
        correlation_id=action.correlation_id,
        site=account.site,
        zone=ZoneInfo(account.time_zone),
        session=account.session,
        profile_url=profile_url or "",
    )


def has_acted(session: Session, claim: Claim) -> bool:
    """Return whether the effect was ever about to happen: then its text may be somewhere."""
    acted = select(ActionEvent.action_id).where(
        ActionEvent.action_id == claim.action_id, ActionEvent.to_state == ActionState.ACTING
    )
    return session.scalars(acted.limit(1)).first() is not None


def count_openings(session: Session, action_id: UUID) -> int:
    """Return how often the action was about to act: for one that reads, how often it opened its page."""
    acted = ActionEvent.action_id == action_id, ActionEvent.to_state == ActionState.ACTING
    return session.scalars(select(func.count()).where(*acted)).one()


def reword_action(session: Session, claim: Claim, *, message: str, worded_for: date) -> None:
    """Give a claimed action another text, if it is still the claim's and nobody has to approve its text."""
    session.execute(
        update(Action)
        .where(
            Action.id == claim.action_id,
            Action.state == ActionState.CLAIMED,
            Action.attempt == claim.attempt,
            ~Action.needs_approval,
        )
        .values(message=message, worded_for=worded_for)
    )


def extend_lease(session: Session, claim: Claim, lease: timedelta) -> bool:
    """Hold the action for another `lease`. False: it is somebody else's by now."""
    held = session.execute(
        update(Action)
        .where(Action.id == claim.action_id, Action.attempt == claim.attempt, Action.lease_owner.is_not(None))
        .values(lease_until=func.now() + lease)
        .returning(Action.id)
    )
    return held.first() is not None


def write_intent(session: Session, claim: Claim) -> bool:
    """Write down that the effect is about to happen. Commit before the click; False means that we lost it."""
    return _move(
        session, claim, ActionState.CLAIMED, ActionState.ACTING,
        acting_since=func.now(), acting_attempt=claim.attempt,
    )  # fmt: skip


def replan_action(
    session: Session,
    claim: Claim,
    *,
    reason: Reason,
    detail: str,
    wait: timedelta | None = None,
    until: datetime | None = None,
    failed: bool = False,
) -> bool:
    """Plan an action in hand again, after `wait` or at `until`; `failed` counts a passing fault."""
    return _move_claimed(
        session, claim, ActionState.PLANNED,
        reason=reason, detail=detail, not_before=until or func.now() + (wait or timedelta(0)),
        failures=Action.failures + int(failed), **_NO_LEASE,
    )  # fmt: skip


def end_action(session: Session, claim: Claim, state: ActionState, *, reason: Reason, detail: str) -> bool:
    """End an action in hand without an effect: skipped or failed, and why.

    With a page that can't be read its search ends too: the next page is planned by the one before it.
    """
    ended = _move_claimed(session, claim, state, reason=reason, detail=detail, **_NO_LEASE)
    if ended and claim.kind is Kind.COLLECT and reason is not Reason.CAMPAIGN_CANCELLED:
        searches.mark_search_failed(session, claim.campaign_id)
    return ended


def mark_uncertain(session: Session, claim: Claim, *, reason: Reason, detail: str, wait: timedelta) -> bool:
    """The effect may have happened: uncertain, to be looked at after `wait`."""
    return _move(
        session, claim, ActionState.ACTING, ActionState.UNCERTAIN,
        reason=reason, detail=detail, not_before=func.now() + wait, looks=0, **_NO_LEASE,
    )  # fmt: skip


def schedule_next_look(
    session: Session, claim: Claim, *, reason: Reason, detail: str, wait: timedelta, absent: bool | None
) -> bool:
    """Keep an uncertain action uncertain until the next look.

    `absent` counts a look that found nothing, False one that failed; None means that nobody looked.
    """
    return _move(
        session, claim, ActionState.UNCERTAIN, ActionState.UNCERTAIN,
        reason=reason, detail=detail, not_before=func.now() + wait,
        looks=Action.looks + int(absent is True), failures=Action.failures + int(absent is False),
        **_NO_LEASE,
    )  # fmt: skip


def replan_absent(session: Session, claim: Claim, *, detail: str) -> bool:
    """It surely did not happen: plan it again."""
    return _move(
        session, claim, ActionState.UNCERTAIN, ActionState.PLANNED,
        reason=Reason.PROOF_MISSING, detail=detail, not_before=func.now(),
        looks=0, failures=Action.failures + 1,
        acting_since=None, acting_attempt=None, **_NO_LEASE,
    )  # fmt: skip


def mark_needs_review(session: Session, claim: Claim, *, reason: Reason, detail: str) -> bool:
    """Nobody but a person can tell what happened."""
    return _move(
        session,
        claim,
        ActionState.UNCERTAIN,
        ActionState.NEEDS_REVIEW,
        reason=reason,
        detail=detail,
        **_NO_LEASE,
    )


def finish_page(session: Session, claim: Claim, *, detail: str) -> bool:
    """End the reading of a page of people found. False means that the fencing token was lost."""
    return _move(
        session, claim, ActionState.ACTING, ActionState.DONE, reason=None, detail=detail, **_NO_LEASE
    )


def record_effect(session: Session, claim: Claim, *, status: str, text: str, screenshot: str | None) -> bool:
    """Write what happened: the interaction, a greeted contact's date and the end state, or nothing of it.

    False means that the fencing token was lost. Safe to repeat when a commit's outcome is unknown: the
    interaction is unique by action.
    """
    was = ActionState.UNCERTAIN if claim.looking else ActionState.ACTING
    if not _move(session, claim, was, ActionState.DONE, reason=None, detail=None, **_NO_LEASE):
        return False
    session.add(
        Interaction(
            account_id=claim.account_id,
            contact_id=claim.contact_id,
            action_id=claim.action_id,
            type=claim.kind,
            status=status,
            occasion=claim.occasion,
            message=text,
            screenshot=screenshot,
            correlation_id=claim.correlation_id,
        )
    )
    if claim.kind is Kind.GREET:
        session.execute(
            update(Contact)
            .where(Contact.id == claim.contact_id)
            .values(last_greeted_on=func.greatest(Contact.last_greeted_on, claim.occasion_on))
        )
    return True


_NO_LEASE: dict[str, Any] = {"lease_owner": None, "lease_until": None}


def _move_claimed(
    session: Session,
    claim: Claim,
    to_state: ActionState,
    **values: Any,  # noqa: ANN401 -- new values of columns of any type
) -> bool:
    """Move a claimed action; one that only reads may have its intent written already."""
    if _move(session, claim, ActionState.CLAIMED, to_state, **values):
        return True
    return claim.kind.reads and _move(session, claim, ActionState.ACTING, to_state, **values)


def _move(
    session: Session,
    claim: Claim,
    from_state: ActionState,
    to_state: ActionState,
    **values: Any,  # noqa: ANN401 -- new values of columns of any type
) -> bool:
    check_transition(from_state, to_state, reading=claim.kind.reads)
    moved = session.execute(
        update(Action)
        .where(Action.id == claim.action_id, Action.state == from_state, Action.attempt == claim.attempt)
        .values(state=to_state, **values)
        .returning(Action.id)
    )
    return moved.first() is not None


def get_state(session: Session, action_id: UUID) -> tuple[ActionState, int]:
    """Return the action's state and attempt: how a commit whose answer was lost is settled."""
    state, attempt = session.execute(select(Action.state, Action.attempt).where(Action.id == action_id)).one()
    return ActionState(state), attempt
