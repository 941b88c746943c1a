"""Claim an action and extend its lease. A claim holds all that a worker needs to know about the action."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, update
from sqlalchemy.orm import Session

from db.engine import Executor, fetch_first
from db.store.actions.gate_facts import GateFacts
from db.store.quota.limits import LoadedContext, read_context
from db.tables import Action
from worker import clock
from worker.rules.ledger_gap import REMEMBERED, LedgerGap
from worker.rules.model import ActionState, CampaignKind, Kind
from worker.rules.people.identity import PersonKeys


@dataclass(frozen=True, slots=True)
class Claim:
    """A claimed action. `looking`: its effect may have happened, so the worker only looks for it.

    `full_name`, `call_by`, `language` and `location` are the contact's, `called` the name by which the
    message calls them, as in `PlannedAction`. `late` is how long the action had been due, `has_met` whether
    a greeting or a profile visit of ours has reached the contact. `facts` is what its gates asked, and
    `quota` what limited it, in the statement that claimed it. `gap` is what a restored backup has lost
    lately. `asked_s` is when it was asked for, by this machine's monotonic clock: its lease counts from then.
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
    has_met: bool = False
    facts: GateFacts | None = None
    quota: LoadedContext | None = None
    asked_s: float = field(default_factory=clock.monotonic_seconds)

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


def claim_action(session: Executor, action_id: UUID, *, owner: str, lease: timedelta) -> Claim | None:
    """Claim a queued action, or an uncertain one to look at. None: it is claimed, or not dispatched."""
    given = {"action_id": action_id, "owner": owner, "lease": lease, "remembered": REMEMBERED}
    asked_s = clock.monotonic_seconds()
    row = fetch_first(session, "claim_action", given)
    return None if row is None else _read_claim(row, asked_s)


def _read_claim(row: Any, asked_s: float) -> Claim:  # noqa: ANN401 -- a row of the statement
    is_about_person = row.person_id is not None
    return Claim(
        action_id=row.action_id,
        attempt=row.attempt,
        looking=row.state == ActionState.UNCERTAIN,
        account_id=row.account_id,
        campaign_id=row.campaign_id,
        campaign_kind=CampaignKind(row.campaign_kind),
        person_id=row.person_id,
        kind=Kind(row.kind),
        occasion=row.occasion,
        occasion_on=row.occasion_on,
        message=row.message,
        worded_for=row.worded_for,
        needs_approval=row.needs_approval,
        failures=row.action_failures,
        looks=row.looks,
        acting_since=row.acting_since,
        acting_attempt=row.acting_attempt,
        planned_at=row.created_at,
        correlation_id=row.correlation_id,
        site=row.site,
        zone=ZoneInfo(row.time_zone),
        session=row.session,
        profile_url=row.profile_url if is_about_person else "",
        full_name=row.full_name if is_about_person else "",
        call_by=row.call_by,
        language=row.language,
        location=row.location,
        called=row.called,
        member_url=row.member_url,
        late=row.late,
        gap=LedgerGap(row.gap_since, row.gap_until) if row.gap_since is not None else None,
        has_met=row.has_met,
        facts=GateFacts.of(row),
        quota=read_context(row, Kind(row.kind), str(row.campaign_id)),
        asked_s=asked_s,
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
