"""The facts behind `rapport why`: what every gate depends on, read in one transaction.

`gates.find_closed_gate` and the dispatch queries decide by these facts. Tests check that the explanation from
these facts gives the same answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from operator import attrgetter
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from db.engine import get_database_time
from db.store.actions import gates
from db.store.actions.site_gate import SiteGate, find_site_gate
from db.store.kill_switch import PulledSwitch, get_kill_switch
from db.store.people import accounts, addresses
from db.store.people.accounts import AccountRecord
from db.store.quota import status as quota_status
from db.store.quota.status import QuotaStatus
from db.store.reports import action_facts
from db.store.reports.action_facts import ActionFacts
from db.tables import Account, Action, ActionTotal, Campaign, Contact, Schedule
from worker.errors import Reason
from worker.rules.lifecycle import END_STATES, IN_FLIGHT, WAITING
from worker.rules.model import (
    AccountStatus,
    ActionState,
    ContactStatus,
    Kind,
)
from worker.rules.quota.windows import local_day

_DISPATCHED: Final = frozenset({ActionState.PLANNED, ActionState.UNCERTAIN})
_BY_A_PERSON: Final = WAITING - _DISPATCHED
"""These and those in flight have an index each."""


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """The account. It acts only while active and signed in.

    `inbox_until`: end of the inbox lease; no action starts while a worker reads the inbox.
    `session_problem`: why the stored session can't be decrypted, or None; set by a caller that has the keys.
    """

    id: int
    name: str
    site: str
    zone: ZoneInfo
    status: AccountStatus
    stop_reason: Reason | None
    signed_in: bool
    inbox_until: datetime | None
    session_problem: str | None = None
    signed_in_since: datetime | None = None
    session_expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ContactFacts:
    """The contact of the action. `hold_until` and `hold_reason` are None once the hold is over."""

    full_name: str
    profile_url: str
    status: ContactStatus
    do_not_contact: bool
    hold_until: date | None
    hold_reason: str | None
    last_greeted_on: date | None
    written_to_today: bool
    visited_lately: bool
    identity_doubt: Reason | None


@dataclass(frozen=True, slots=True)
class GateFacts:
    """All facts at the instant `now` of Postgres' clock.

    `action` is the one asked about, or the contact's open or last one. `upcoming` is the action that the
    dispatcher takes next for the account. `counts` is empty if it is about a contact. `site_gate` and `quota`
    are those of `kind`; `quota` is that of the action's campaign.
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
    site_gate: SiteGate
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
        action_facts.find_action(session, Action.contact_id == contact_id, *open_first),
    )


def get_action_facts(session: Session, action_id: UUID) -> GateFacts:
    """Return the facts about an action. Raises NoResultFound for an unknown id."""
    account_id, contact = session.execute(
        select(Action.account_id, Contact)
        .outerjoin(Contact, Contact.id == Action.contact_id)
        .where(Action.id == action_id)
    ).one()
    return _gather_facts(
        session, account_id, contact, action_facts.find_action(session, Action.id == action_id)
    )


def _gather_facts(
    session: Session, account_id: int, contact: Contact | None, action: ActionFacts | None
) -> GateFacts:
    now = get_database_time(session)
    account = accounts.get_account(session, account_id)
    upcoming = action_facts.find_upcoming(session, account_id)
    in_flight = action_facts.find_in_flight(session, account_id)
    about = action or in_flight or upcoming
    kind = about.kind if about else Kind.GREET
    return GateFacts(
        now=now,
        kill_switch=get_kill_switch(session),
        account=AccountFacts(
            id=account.id,
            name=account.name,
            site=account.site,
            zone=account.zone,
            status=account.status,
            stop_reason=account.stop_reason,
            signed_in=account.session is not None,
            signed_in_since=account.signed_in_since,
            session_expires_at=account.session_expires_at,
            inbox_until=session.scalar(
                select(Account.inbox_lease_until).where(
                    Account.id == account_id, Account.inbox_lease_until > func.now()
                )
            ),
        ),
        contact=_contact_facts(session, contact, account, action, now) if contact else None,
        action=action,
        in_flight=in_flight,
        upcoming=upcoming,
        counts=_count_actions(session, account_id) if contact is None else {},
        next_schedule=session.scalars(
            select(func.min(Schedule.next_fire_at)).where(Schedule.account_id == account_id, Schedule.enabled)
        ).one(),
        kind=kind,
        site_gate=find_site_gate(
            session,
            account_id=account.id,
            site=account.site,
            kind=kind,
            now=now,
            besides=about.id if about else None,
        ),
        quota=quota_status.get_kind_status(
            session, account_id, kind, str(about.campaign_id) if about else ""
        ),
    )


def _contact_facts(
    session: Session, row: Contact, account: AccountRecord, action: ActionFacts | None, now: datetime
) -> ContactFacts:
    is_held = row.hold_until is not None and row.hold_until > now.astimezone(account.zone).date()
    return ContactFacts(
        full_name=row.full_name,
        profile_url=row.profile_url,
        status=ContactStatus(row.status),
        do_not_contact=row.do_not_contact,
        hold_until=row.hold_until if is_held else None,
        hold_reason=row.hold_reason if is_held else None,
        last_greeted_on=row.last_greeted_on,
        written_to_today=gates.was_written_to_since(
            session,
            local_day(now, account.zone).start,
            site=account.site,
            addresses=addresses.keys_of(row).addresses,
            besides=action.id if action else None,
        ),
        identity_doubt=gates.find_identity_doubt(session, row, session.get_one(Action, action.id))
        if action
        else None,
        visited_lately=action is not None
        and action.kind is Kind.VISIT
        and _was_visited_lately(session, row.id, action.campaign_id),
    )


def _was_visited_lately(session: Session, contact_id: int, campaign_id: UUID) -> bool:
    campaign = session.get_one(Campaign, campaign_id)
    return gates.was_visited_lately(session, contact_id, campaign.kind, campaign.options)


def _count_actions(session: Session, account_id: int) -> dict[ActionState, int]:
    """Count the account's actions by state; those that have ended by the totals, since there may be many."""
    of_account = Action.account_id == account_id
    still_open = or_(*(Action.state.in_(states) for states in (_DISPATCHED, _BY_A_PERSON, IN_FLIGHT)))
    rows = session.execute(
        select(Action.state, func.count()).where(of_account, still_open).group_by(Action.state)
    )
    counts = {ActionState(state): count for state, count in rows}
    moves = session.execute(
        select(ActionTotal.from_state, ActionTotal.to_state, ActionTotal.moves).where(
            ActionTotal.account_id == account_id
        )
    ).all()
    for state in END_STATES:
        came, left = (
            sum(each.moves for each in moves if side(each) == state)
            for side in (attrgetter("to_state"), attrgetter("from_state"))
        )
        if came > left:
            counts[state] = came - left
    return {state: counts[state] for state in ActionState if state in counts}
