"""The status of an account's quota: limits in force, usage by the ledger, and the last denials."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from db.engine import get_database_time
from db.store.people.accounts import AccountRecord
from db.store.quota import ledger, limits
from db.store.quota.limits import LoadedContext
from db.tables import Action, Campaign, Contact
from worker.errors import Reason
from worker.rules.lifecycle import IN_FLIGHT, WAITING
from worker.rules.model import NO_CONTACT_LABEL, ActionState, CampaignState, Kind
from worker.rules.quota import decision as rules
from worker.rules.quota.denials import DENIAL_REASONS
from worker.rules.quota.gates import WEEK, Usage, usage
from worker.rules.quota.model import Decision, QuotaContext, QuotaState


@dataclass(frozen=True, slots=True)
class QuotaStatus:
    """The status of one kind at `now`, by the ledger alone; Redis isn't asked.

    `by_ledger` is what counters rebuilt from the ledger would answer. `gap_until` is the latest end of the
    gap after the last use. `week_renews_at` is when the oldest use of the last 7 days stops counting.
    """

    now: datetime
    context: QuotaContext
    warm_up_on: date | None
    cut_until: datetime | None
    used: Usage
    gap_until: datetime | None
    week_renews_at: datetime | None
    by_ledger: Decision


@dataclass(frozen=True, slots=True)
class Denial:
    """An action that the quota denied: for whom, why, and until when."""

    action_id: UUID
    contact: str
    reason: Reason
    until: datetime


@dataclass(frozen=True, slots=True)
class AccountQuotaStatus:
    """The status of every kind, and each kind's newest denial that still waits."""

    account: AccountRecord
    now: datetime
    kinds: Mapping[Kind, QuotaStatus]
    denials: Mapping[Kind, Denial]


def get_kind_status(session: Session, account_id: int, kind: Kind, run_id: str) -> QuotaStatus:
    """Return the status of one kind in the run `run_id`. Raises NoResultFound if there is no such account."""
    loaded = limits.load_context(session, account_id, kind, run_id)
    return _build_status(loaded, ledger.read_ledger(session, loaded.context), ledger.read_clock(session))


def _build_status(loaded: LoadedContext, state: QuotaState, now: datetime) -> QuotaStatus:
    context, kind = loaded.context, loaded.context.kind
    used_at = [charge.at for charge in state.charges if charge.kind is kind and now - charge.at < WEEK]
    return QuotaStatus(
        now=now,
        context=context,
        warm_up_on=loaded.warm_up_on,
        cut_until=loaded.cut_until,
        used=usage(state, context, now),
        gap_until=state.gaps.get(kind),
        week_renews_at=min(used_at) + WEEK if used_at else None,
        by_ledger=rules.remaining(state, context, now),
    )


def get_account_status(session: Session, account: AccountRecord) -> AccountQuotaStatus:
    """Return the status of every kind of the account, each in its current run. The ledger is read once."""
    loaded = [
        limits.load_context(session, account.id, kind, _find_current_run(session, account.id, kind))
        for kind in Kind
    ]
    state = ledger.read_ledger(session, loaded[0].context)
    now = ledger.read_clock(session)
    denials = {kind: find_last_denial(session, account.id, kind) for kind in Kind}
    return AccountQuotaStatus(
        account=account,
        now=get_database_time(session),
        kinds={each.context.kind: _build_status(each, state, now) for each in loaded},
        denials={kind: denial for kind, denial in denials.items() if denial is not None},
    )


def find_last_denial(session: Session, account_id: int, kind: Kind) -> Denial | None:
    """Return the newest action of `kind` that the quota makes wait, or None."""
    row = session.execute(
        select(Action.id, Contact.full_name, Action.reason, Action.not_before)
        .outerjoin(Contact, Contact.id == Action.contact_id)
        .where(
            Action.account_id == account_id,
            Action.kind == kind,
            Action.state == ActionState.PLANNED,
            Action.reason.in_(DENIAL_REASONS),
            Action.not_before > func.now(),
        )
        .order_by(Action.updated_at.desc(), Action.created_at.desc(), Action.id.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    action_id, contact, reason, until = row
    return Denial(action_id, contact or NO_CONTACT_LABEL, Reason(str(reason)), until)


def _find_current_run(session: Session, account_id: int, kind: Kind) -> str:
    """Return the campaign whose action is in flight or comes next; empty without one."""
    campaign_id = session.scalar(
        select(Action.campaign_id)
        .join(Campaign, Campaign.id == Action.campaign_id)
        .where(
            Action.account_id == account_id,
            Action.kind == kind,
            or_(Action.state.in_(WAITING), Action.state.in_(IN_FLIGHT)),  # each has an index
            Campaign.state == CampaignState.PLANNED,
        )
        .order_by(Action.lease_until.is_(None), Action.not_before, Action.id)
        .limit(1)
    )
    return str(campaign_id) if campaign_id else ""
