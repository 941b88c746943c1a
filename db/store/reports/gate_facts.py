"""The facts behind `rapport why`: what every gate depends on, read in one transaction.

`gates.find_closed_gate` and the dispatch queries decide by these facts. Tests check that the explanation made
of the facts gives the same answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from db.store.actions import control, gates
from db.store.actions.control import PulledSwitch
from db.store.people import accounts
from db.store.people.accounts import AccountRecord
from db.store.quota import status as quota_status
from db.store.quota.status import QuotaStatus
from db.tables import Account, Action, Campaign, Contact, Schedule
from worker.errors import Reason
from worker.rules.lifecycle import END_STATES, IN_FLIGHT
from worker.rules.model import (
    NO_CONTACT_LABEL,
    AccountStatus,
    ActionState,
    CampaignState,
    ContactStatus,
    Kind,
)
from worker.rules.quota.windows import local_day


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """The account. It acts only while active and signed in.

    `inbox_until`: end of the inbox lease; no action starts while a worker reads the inbox. `sealed`: why the
    stored session can't be decrypted, or None; filled in by a caller that has the keys.
    """

    id: int
    name: str
    site: str
    zone: ZoneInfo
    status: AccountStatus
    stop_reason: Reason | None
    signed_in: bool
    inbox_until: datetime | None
    sealed: str | None = None


@dataclass(frozen=True, slots=True)
class ContactFacts:
    """The contact of the action."""

    full_name: str
    profile_url: str
    status: ContactStatus
    do_not_contact: bool
    last_greeted_on: date | None
    heard_today: bool
    visited_lately: bool


@dataclass(frozen=True, slots=True)
class ActionFacts:
    """One action with its campaign, lease and number of attempts."""

    id: UUID
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

    @property
    def held(self) -> bool:
        """Whether a message or a worker holds a lease on it."""
        return self.lease_until is not None


@dataclass(frozen=True, slots=True)
class GateFacts:
    """All facts at the instant `now` of Postgres' clock.

    `action` is the one asked about, or the contact's open or last one. `upcoming` is the action that the
    dispatcher takes next for the account. `quota` is the status of `kind`, for the campaign of that action.
    """

    now: datetime
    kill_switch: PulledSwitch | None
    account: AccountFacts
    contact: ContactFacts | None
    action: ActionFacts | None
    in_flight: ActionFacts | None
    upcoming: ActionFacts | None
    counts: Mapping[ActionState, int]
    next_schedule: datetime | None
    kind: Kind
    quota: QuotaStatus


def get_account_facts(session: Session, account_id: int) -> GateFacts:
    """Return the facts about an account. Raises NoResultFound for an unknown id."""
    return _gather_facts(session, account_id, None, None)


def get_contact_facts(session: Session, contact_id: int) -> GateFacts:
    """Return the facts about a contact, with its open action, else its last one.

    Raises NoResultFound for an unknown id.
    """
    contact = session.scalars(select(Contact).where(Contact.id == contact_id)).one()
    open_first = Action.state.in_(END_STATES), Action.occasion_on.desc(), Action.created_at.desc()
    return _gather_facts(
        session,
        contact.account_id,
        contact,
        _find_action(session, Action.contact_id == contact_id, *open_first),
    )


def get_action_facts(session: Session, action_id: UUID) -> GateFacts:
    """Return the facts about an action. Raises NoResultFound for an unknown id."""
    account_id, contact = session.execute(
        select(Action.account_id, Contact)
        .outerjoin(Contact, Contact.id == Action.contact_id)
        .where(Action.id == action_id)
    ).one()
    return _gather_facts(session, account_id, contact, _find_action(session, Action.id == action_id))


def _gather_facts(
    session: Session, account_id: int, contact: Contact | None, action: ActionFacts | None
) -> GateFacts:
    account = accounts.get_account(session, account_id)
    upcoming = _find_upcoming(session, account_id)
    in_flight = _find_in_flight(session, account_id)
    about = action or in_flight or upcoming
    kind = about.kind if about else Kind.GREET
    return GateFacts(
        now=session.scalars(select(func.now())).one(),
        kill_switch=control.get_kill_switch(session),
        account=AccountFacts(
            id=account.id,
            name=account.name,
            site=account.site,
            zone=account.zone,
            status=account.status,
            stop_reason=account.stop_reason,
            signed_in=account.session is not None,
            inbox_until=session.scalar(
                select(Account.inbox_lease_until).where(
                    Account.id == account_id, Account.inbox_lease_until > func.now()
                )
            ),
        ),
        contact=_contact_facts(session, contact, account, action) if contact else None,
        action=action,
        in_flight=in_flight,
        upcoming=upcoming,
        counts=_count_actions(session, account_id),
        next_schedule=session.scalars(
            select(func.min(Schedule.next_fire_at)).where(Schedule.account_id == account_id, Schedule.enabled)
        ).one(),
        kind=kind,
        quota=quota_status.get_kind_status(
            session, account_id, kind, str(about.campaign_id) if about else ""
        ),
    )


def _contact_facts(
    session: Session, row: Contact, account: AccountRecord, action: ActionFacts | None
) -> ContactFacts:
    now = session.scalars(select(func.now())).one()
    return ContactFacts(
        full_name=row.full_name,
        profile_url=row.profile_url,
        status=ContactStatus(row.status),
        do_not_contact=row.do_not_contact,
        last_greeted_on=row.last_greeted_on,
        heard_today=gates.was_written_to_since(
            session,
            local_day(now, account.zone).start,
            site=account.site,
            profile_url=row.profile_url,
            besides=action.id if action else None,
        ),
        visited_lately=action is not None
        and action.kind is Kind.VISIT
        and gates.was_visited_lately(session, row.id, session.get_one(Campaign, action.campaign_id)),
    )


def _count_actions(session: Session, account_id: int) -> dict[ActionState, int]:
    rows = session.execute(
        select(Action.state, func.count()).where(Action.account_id == account_id).group_by(Action.state)
    )
    counts = {ActionState(state): count for state, count in rows}
    return {state: counts[state] for state in ActionState if state in counts}


def _find_in_flight(session: Session, account_id: int) -> ActionFacts | None:
    """Return the account's one action that a message or a worker holds a lease on."""
    looked_at = and_(Action.state == ActionState.UNCERTAIN, Action.lease_until.is_not(None))
    return _find_action(
        session, and_(Action.account_id == account_id, or_(Action.state.in_(IN_FLIGHT), looked_at))
    )


def _find_upcoming(session: Session, account_id: int) -> ActionFacts | None:
    """Return the action that the dispatcher takes next: a due one in its order, else the earliest."""
    dispatched = and_(
        Action.account_id == account_id,
        Action.lease_until.is_(None),
        or_(
            Action.state == ActionState.UNCERTAIN,
            and_(Action.state == ActionState.PLANNED, Campaign.state != CampaignState.PAUSED),
        ),
    )
    return _find_action(
        session,
        dispatched,
        func.greatest(Action.not_before, func.now()),
        Action.state == ActionState.PLANNED,
        Action.not_before,
        Action.id,
    )


def _find_action(
    session: Session, condition: ColumnElement[bool], *order: ColumnElement[Any] | InstrumentedAttribute[Any]
) -> ActionFacts | None:
    found = session.execute(
        select(Action, Contact.full_name, Campaign.state)
        .outerjoin(Contact, Contact.id == Action.contact_id)
        .join(Campaign, Campaign.id == Action.campaign_id)
        .join(Account, Account.id == Action.account_id)
        .where(condition)
        .order_by(*order)
        .limit(1)
    ).first()
    if found is None:
        return None
    row, full_name, campaign = found
    return ActionFacts(
        id=row.id,
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
    )
