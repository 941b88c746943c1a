"""Move one action from state to state, by compare-and-set on the state and the fencing token.

`attempt` is the fencing token: each claim increments it, and every later move requires it. So a worker that
has lost its lease can't move the action any more.
"""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from db.engine import Executor, fetch_first, today_in
from db.store.actions.claims import Claim
from db.store.campaigns import searches
from db.store.notices.account_events import record_account_event
from db.tables import Action, ActionEvent, Contact
from worker.errors import Reason
from worker.rules.lifecycle import check_transition
from worker.rules.model import ActionState, Kind
from worker.rules.notices.kinds import NoticeKind


def has_acted(session: Session, claim: Claim) -> bool:
    """Return whether the action ever began to act: then its text may have been sent."""
    acted = select(ActionEvent.action_id).where(
        ActionEvent.action_id == claim.action_id, ActionEvent.to_state == ActionState.ACTING
    )
    return session.scalars(acted.limit(1)).first() is not None


def has_person(session: Session, action_id: UUID) -> bool:
    """Return whether the action's contact still stands for a person: was neither erased nor merged away."""
    found = (
        select(Contact.id)
        .join(Action, Action.contact_id == Contact.id)
        .where(Action.id == action_id, Contact.forgotten_at.is_(None))
    )
    return session.scalars(found).first() is not None


def count_openings(session: Session, action_id: UUID) -> int:
    """Return how often the action began to act; one that reads opens its page each time."""
    acted = ActionEvent.action_id == action_id, ActionEvent.to_state == ActionState.ACTING
    return session.scalars(select(func.count()).where(*acted)).one()


def reword_action(
    session: Session, claim: Claim, *, message: str, worded_for: date, called: str | None = None
) -> None:
    """Change the text of a claimed action, if the claim still holds it and its text needs no approval."""
    session.execute(
        update(Action)
        .where(
            Action.id == claim.action_id,
            Action.state == ActionState.CLAIMED,
            Action.attempt == claim.attempt,
            ~Action.needs_approval,
        )
        .values(message=message, called=called, worded_for=worded_for)
    )


def propose_again(session: Session, claim: Claim, *, reason: Reason, detail: str) -> bool:
    """Let a person approve a claimed action anew: an approval that it had is void. False: it was lost."""
    planned = _move(
        session, claim, ActionState.CLAIMED, ActionState.PLANNED,
        reason=reason, detail=detail, **_NO_LEASE,
    )  # fmt: skip
    proposed = planned and _move(
        session, claim, ActionState.PLANNED, ActionState.PROPOSED,
        needs_approval=True, approval=None, approved_by=None,
    )  # fmt: skip
    if proposed:  # told once a day: more may follow, and the morning's digest lists all
        record_account_event(
            session,
            NoticeKind.APPROVAL_WAITING,
            claim.account_id,
            key=f"{claim.campaign_id}:{today_in(session, claim.zone)}",
            payload={"campaign": str(claim.campaign_id), "count": 1, "reason": reason},
        )
    return proposed


def reword_proposal(session: Session, claim: Claim, *, message: str, called: str, worded_for: date) -> None:
    """Change the text of an action that `propose_again` has just proposed, in the same transaction."""
    session.execute(
        update(Action)
        .where(
            Action.id == claim.action_id,
            Action.state == ActionState.PROPOSED,
            Action.attempt == claim.attempt,
        )
        .values(message=message, called=called, worded_for=worded_for)
    )


def write_intent(session: Session, claim: Claim) -> bool:
    """Record that the effect is about to happen; commit before the click. False: the claim was lost."""
    check_transition(ActionState.CLAIMED, ActionState.ACTING)
    given = {"action_id": claim.action_id, "attempt": claim.attempt}
    return fetch_first(session, "write_intent", given) is not None


def replan_action(
    session: Session,
    claim: Claim,
    *,
    reason: Reason,
    detail: str | None,
    wait: timedelta | None = None,
    until: datetime | None = None,
    failed: bool = False,
) -> bool:
    """Plan a claimed action again, after `wait` or at `until`; `failed` counts a transient failure."""
    return _move_claimed(
        session, claim, ActionState.PLANNED,
        reason=reason, detail=detail, not_before=until or func.now() + (wait or timedelta(0)),
        failures=Action.failures + int(failed), **_NO_LEASE,
    )  # fmt: skip


def end_action(session: Session, claim: Claim, state: ActionState, *, reason: Reason, detail: str) -> bool:
    """End a claimed action without an effect, as SKIPPED or FAILED.

    When a page can't be read, its search ends as well, because each page plans the next.
    """
    ended = _move_claimed(session, claim, state, reason=reason, detail=detail, **_NO_LEASE)
    if ended and claim.kind is Kind.COLLECT and reason is not Reason.CAMPAIGN_CANCELLED:
        searches.mark_search_failed(session, claim.campaign_id)
    return ended


def mark_uncertain(session: Session, claim: Claim, *, reason: Reason, detail: str, wait: timedelta) -> bool:
    """Mark an acting action as uncertain: its effect may have happened, and is looked for after `wait`."""
    return _move(
        session, claim, ActionState.ACTING, ActionState.UNCERTAIN,
        reason=reason, detail=detail, not_before=func.now() + wait, looks=0, **_NO_LEASE,
    )  # fmt: skip


def schedule_next_look(
    session: Session, claim: Claim, *, reason: Reason, detail: str, wait: timedelta, absent: bool | None
) -> bool:
    """Keep an uncertain action uncertain until the next look, after `wait`.

    `absent`: True counts a look that found no effect, False one that failed; None means that nobody looked.
    """
    return _move(
        session, claim, ActionState.UNCERTAIN, ActionState.UNCERTAIN,
        reason=reason, detail=detail, not_before=func.now() + wait,
        looks=Action.looks + int(absent is True), failures=Action.failures + int(absent is False),
        **_NO_LEASE,
    )  # fmt: skip


def replan_absent(session: Session, claim: Claim, *, detail: str) -> bool:
    """Plan an uncertain action again, because its effect certainly did not happen."""
    return _move(
        session, claim, ActionState.UNCERTAIN, ActionState.PLANNED,
        reason=Reason.PROOF_MISSING, detail=detail, not_before=func.now(),
        looks=0, failures=Action.failures + 1,
        acting_since=None, acting_attempt=None, **_NO_LEASE,
    )  # fmt: skip


def mark_needs_review(session: Session, claim: Claim, *, reason: Reason, detail: str) -> bool:
    """Let a person decide on an uncertain action: looking did not show what happened."""
    moved = _move(
        session,
        claim,
        ActionState.UNCERTAIN,
        ActionState.NEEDS_REVIEW,
        reason=reason,
        detail=detail,
        **_NO_LEASE,
    )
    if moved:
        tell_needs_review(
            session, claim.account_id, claim.action_id, kind=claim.kind, attempt=claim.attempt, reason=reason
        )
    return moved


def tell_needs_review(
    session: Session, account_id: int, action_id: UUID, *, kind: Kind, attempt: int, reason: Reason
) -> None:
    """Let people be told that an action needs one of them."""
    record_account_event(
        session,
        NoticeKind.NEEDS_REVIEW,
        account_id,
        key=f"{action_id}:{attempt}",
        payload={"action": str(action_id), "kind": kind, "reason": reason},
    )


def finish_page(session: Session, claim: Claim, *, detail: str) -> bool:
    """End the reading of a page of search results. False: the claim was lost."""
    return _move(
        session, claim, ActionState.ACTING, ActionState.DONE, reason=None, detail=detail, **_NO_LEASE
    )


def record_effect(session: Executor, claim: Claim, *, status: str, text: str, screenshot: str | None) -> bool:
    """Write the interaction, the date of a greeted contact and the end state, or nothing.

    False: the claim was lost. Safe to repeat after a commit of unknown outcome, because an action has one
        interaction.
    """
    was = ActionState.UNCERTAIN if claim.looking else ActionState.ACTING
    check_transition(was, ActionState.DONE)
    given = {
        "action_id": claim.action_id, "attempt": claim.attempt, "was": was, "status": status, "text": text,
        "screenshot": screenshot, "zone": claim.zone.key,
    }  # fmt: skip
    return fetch_first(session, "record_effect", given) is not None


_NO_LEASE: dict[str, Any] = {"lease_owner": None, "lease_until": None}


def _move_claimed(
    session: Session,
    claim: Claim,
    to_state: ActionState,
    **values: Any,  # noqa: ANN401 -- new values of columns of any type
) -> bool:
    """Move a claimed action; one that only reads may be acting already."""
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


def get_state(session: Executor, action_id: UUID) -> tuple[ActionState, int]:
    """Return the action's state and attempt, to learn the outcome of a commit whose answer was lost."""
    state, attempt = session.execute(select(Action.state, Action.attempt).where(Action.id == action_id)).one()
    return ActionState(state), attempt
