"""The facts about one action for `rapport why`, and which action of an account is in flight or comes next."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from db.tables import Action, Campaign, Contact
from worker.errors import Reason
from worker.rules.lifecycle import IN_FLIGHT
from worker.rules.model import NO_CONTACT_LABEL, ActionState, CampaignState, Kind


@dataclass(frozen=True, slots=True)
class ActionFacts:
    """One action with its campaign, lease and number of attempts."""

    id: UUID
    contact_id: int | None
    contact: str
    kind: Kind
    occasion: str
    occasion_on: date
    state: ActionState
    reason: Reason | None
    detail: str | None
    not_before: datetime
    attempt: int
    failures: int
    looks: int
    lease_owner: str | None
    lease_until: datetime | None
    campaign_id: UUID
    campaign: CampaignState
    expires_on: date | None
    needs_approval: bool
    approved_by: str | None
    correlation_id: str

    @property
    def is_leased(self) -> bool:
        """Whether a message or a worker holds a lease on it."""
        return self.lease_until is not None


def find_action(
    session: Session, condition: ColumnElement[bool], *order: ColumnElement[Any] | InstrumentedAttribute[Any]
) -> ActionFacts | None:
    """Return the first action that meets the condition, in the given order, or None."""
    found = session.execute(
        select(Action, Contact.full_name, Campaign.state)
        .outerjoin(Contact, Contact.id == Action.contact_id)
        .join(Campaign, Campaign.id == Action.campaign_id)
        .where(condition)
        .order_by(*order)
        .limit(1)
    ).first()
    if found is None:
        return None
    row, full_name, campaign = found
    return ActionFacts(
        id=row.id,
        contact_id=row.contact_id,
        contact=full_name or NO_CONTACT_LABEL,
        kind=Kind(row.kind),
        occasion=row.occasion,
        occasion_on=row.occasion_on,
        state=ActionState(row.state),
        reason=Reason(row.reason) if row.reason else None,
        detail=row.detail,
        not_before=row.not_before,
        attempt=row.attempt,
        failures=row.failures,
        looks=row.looks,
        lease_owner=row.lease_owner,
        lease_until=row.lease_until,
        campaign_id=row.campaign_id,
        campaign=CampaignState(campaign),
        expires_on=row.expires_on,
        needs_approval=row.needs_approval,
        approved_by=row.approved_by,
        correlation_id=row.correlation_id,
    )


def find_in_flight(session: Session, account_id: int) -> ActionFacts | None:
    """Return the account's one action that a message or a worker holds a lease on."""
    looked_at = and_(Action.state == ActionState.UNCERTAIN, Action.lease_until.is_not(None))
    return find_action(
        session, and_(Action.account_id == account_id, or_(Action.state.in_(IN_FLIGHT), looked_at))
    )


def find_upcoming(session: Session, account_id: int) -> ActionFacts | None:
    """Return the action that the dispatcher takes next: a due one in its order, else the earliest."""
    dispatched = and_(
        Action.account_id == account_id,
        Action.lease_until.is_(None),
        or_(
            Action.state == ActionState.UNCERTAIN,
            and_(Action.state == ActionState.PLANNED, Campaign.state != CampaignState.PAUSED),
        ),
    )
    return find_action(
        session,
        dispatched,
        func.greatest(Action.not_before, func.now()),
        Action.state == ActionState.PLANNED,
        Action.not_before,
        # the rest as in due_action.sql: what waited for one gap has one time
        case(
            (Action.kind == Kind.GREET, func.current_date() - Action.occasion_on),
            else_=Action.occasion_on - func.current_date(),
        ),
        Action.created_at,
        Action.id,
    )
