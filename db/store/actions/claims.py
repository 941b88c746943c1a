"""Claim an action and extend its lease. A claim holds all that a worker needs to know about the action."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import cast
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import case, func, select, update
from sqlalchemy.orm import Session

from db.tables import Account, Action, Campaign, Contact, Restore
from worker.rules.identity import PersonKeys
from worker.rules.ledger_gap import REMEMBERED, LedgerGap
from worker.rules.model import ActionState, CampaignKind, Kind


@dataclass(frozen=True, slots=True)
class Claim:
    """A claimed action. `looking`: its effect may have happened, so the worker only looks for it.

    `full_name`, `call_by`, `language` and `location` are the contact's, `called` the name by which the
    message calls them, as in `PlannedAction`. `late` is how long the action had been due. `gap` is what a
    restored backup has lost lately.
    """

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
    full_name: str = ""
    call_by: str | None = None
    language: str | None = None
    location: str | None = None
    called: str | None = None
    member_url: str | None = None
    late: timedelta = timedelta(0)
    gap: LedgerGap | None = None

    @property
    def keys(self) -> PersonKeys:
        """The addresses by which the account knows the person."""
        return PersonKeys.of(self.profile_url, self.member_url)

    @property
    def contact_id(self) -> int:
        """The contact. Raises ValueError for a page of search results, which has none."""
        if self.person_id is None:
            raise ValueError(f"the action {self.action_id} has no contact")
        return self.person_id


def claim_action(session: Session, action_id: UUID, *, owner: str, lease: timedelta) -> Claim | None:
    """Claim a queued action, or an uncertain one to look at. None: it is claimed, or not dispatched."""
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
    lately = Restore.restored_at > func.now() - REMEMBERED
    action, account, campaign_kind, contact, late, gap_since, gap_until = session.execute(
        select(
            Action,
            Account,
            Campaign.kind,
            Contact,
            func.now() - Action.not_before,
            select(func.min(Restore.backup_at)).where(lately).scalar_subquery(),
            select(func.max(Restore.restored_at)).where(lately).scalar_subquery(),
        )
        .join(Account, Account.id == Action.account_id)
        .join(Campaign, Campaign.id == Action.campaign_id)
        .outerjoin(Contact, Contact.id == Action.contact_id)
        .where(Action.id == action_id)
        .execution_options(populate_existing=True)
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
        profile_url=contact.profile_url if contact else "",
        full_name=contact.full_name if contact else "",
        call_by=contact.call_by if contact else None,
        language=contact.language if contact else None,
        location=contact.profile.get("location") if contact else None,
        called=action.called,
        member_url=contact.member_url if contact else None,
        late=cast("timedelta", late),
        gap=LedgerGap(gap_since, gap_until) if gap_since is not None else None,
    )


def extend_lease(session: Session, claim: Claim, lease: timedelta) -> bool:
    """Extend the claim's lease to `lease` from now. False: the claim was lost."""
    extended = session.execute(
        update(Action)
        .where(Action.id == claim.action_id, Action.attempt == claim.attempt, Action.lease_owner.is_not(None))
        .values(lease_until=func.now() + lease)
        .returning(Action.id)
    )
    return extended.first() is not None
