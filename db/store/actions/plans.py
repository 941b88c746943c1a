"""Insert the planned actions of a campaign."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from db.queries import load_query
from db.store.campaigns.campaigns import CampaignRecord
from db.store.notices.outbox import record_event
from worker.errors import Reason
from worker.rules.model import ActionState, Kind
from worker.rules.notices.kinds import NoticeKind
from worker.rules.texts.bounds import MAX_ERROR, cut_text


@dataclass(frozen=True, slots=True)
class PlannedAction:
    """One row of a plan. `contact_id` is None for a search page.

    With a `reason` the action is inserted as skipped; `detail` says more about it. The message is worded for
    the day `worded_for` and calls the person `called` ('': by no name; None: not recorded). The action must
    not happen after `expires_on`, nor before `held_until`, when the hold on the contact ends.
    """

    contact_id: int | None
    occasion: str
    on: date
    message: str
    reason: Reason | None = None
    called: str | None = None
    held_until: datetime | None = None
    worded_for: date | None = None
    expires_on: date | None = None
    detail: str | None = None
    id: UUID = field(default_factory=uuid4)


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
    With `needs_approval` the actions are inserted as PROPOSED and wait for a person, who is told.
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
            "called": [action.called for action in actions],
            # an approved action waits at the gate: nobody knows when it will be approved
            "not_before": [None if needs_approval else action.held_until for action in actions],
            "worded_for": [action.worded_for for action in actions],
            "states": [ActionState.SKIPPED if action.reason else wanted for action in actions],
            "reasons": [
                action.reason or waits or (Reason.ON_HOLD if action.held_until else None)
                for action in actions
            ],
            "details": [action.detail and cut_text(action.detail, MAX_ERROR) for action in actions],
            "needs_approval": needs_approval,
        },
    )
    planned: int = sum(state == wanted for state in inserted)
    if planned and needs_approval:
        record_event(
            session,
            NoticeKind.APPROVAL_WAITING,
            account_id=campaign.account_id,
            key=str(campaign.id),
            payload={"account": campaign.account, "campaign": str(campaign.id), "count": planned},
        )
    return planned
