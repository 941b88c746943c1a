"""The ledger: what an account has used, by its actions and interactions, and the state for a rebuild."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.queries import load_query
from db.store.quota import limits
from db.tables import Action, QuotaGate, Restore
from worker.rules.ledger_gap import LedgerGap
from worker.rules.lifecycle import IN_FLIGHT
from worker.rules.model import Kind
from worker.rules.quota import decision as rules
from worker.rules.quota.breaker import Breaker
from worker.rules.quota.gates import WEEK
from worker.rules.quota.lost_units import assume_lost_units
from worker.rules.quota.model import Charge, Decision, QuotaContext, QuotaState

_DAY: Final = timedelta(days=1)


def read_clock(session: Session) -> datetime:
    """Return Postgres' time (aware, UTC). Unlike now(), it moves on within a transaction."""
    now: datetime = session.scalars(select(func.clock_timestamp())).one()
    return now


def read_ledger(session: Session, context: QuotaContext) -> QuotaState:
    """Return the state that a rebuild writes. Each kind's gap is the longest that can have been drawn.

    What a restored backup has lost counts as used, as far as it may have been.
    """
    lost = _read_gaps(session)
    # With a restoration, the whole first day is needed: what is assumed of it must not grow as it passes.
    given = {"account_ids": [context.account_id], "week": WEEK + _DAY if lost else WEEK}
    charges = [
        Charge(Kind(kind), reservation_id, charged_at, run_id, held)
        for _, kind, reservation_id, charged_at, run_id, held in session.execute(
            load_query("quota_ledger"), given
        ).all()
    ]
    every = limits.get_all_limits(session, context.account_id)
    if lost:
        charges += assume_lost_units(lost, charges, every, context.zone)
        since = read_clock(session) - WEEK
        charges = [charge for charge in charges if charge.at > since]
    gaps: dict[Kind, datetime] = {}
    for charge in charges:
        until = charge.at + every[charge.kind].gap_max
        gaps[charge.kind] = max(until, gaps.get(charge.kind, until))
    gates = session.scalars(select(QuotaGate).where(QuotaGate.account_id == context.account_id))
    return QuotaState(tuple(charges), gaps, {Kind(gate.kind): to_breaker(gate, probe=None) for gate in gates})


def _read_gaps(session: Session) -> list[LedgerGap]:
    """Return what restored backups have lost of the last seven days."""
    lost = select(Restore.backup_at, Restore.restored_at).where(Restore.restored_at > func.now() - WEEK)
    return [
        LedgerGap(max(since, until - WEEK), until) for since, until in session.execute(lost) if since < until
    ]


def remaining_by_ledger(session: Session, context: QuotaContext) -> Decision:
    """Return what is left by the ledger, as rebuilt counters would answer. Redis isn't asked."""
    return rules.remaining(read_ledger(session, context), context, read_clock(session))


def list_active_accounts(session: Session) -> list[int]:
    """Return the accounts that have used any quota in the last seven days."""
    lately = Action.acting_since > func.now() - WEEK
    return list(session.scalars(select(Action.account_id).where(lately).distinct()))


def is_account_idle(session: Session, account_id: int) -> bool:
    """Whether no action of the account is in flight, so that no reservation is either."""
    in_flight = select(Action.id).where(Action.account_id == account_id, Action.state.in_(IN_FLIGHT))
    return session.scalars(in_flight.limit(1)).first() is None


def to_breaker(gate: QuotaGate, *, probe: str | None) -> Breaker:
    """Return a row's breaker with `probe`; a rebuild has none, as its epoch ends every probe."""
    return Breaker(gate.failures, gate.openings, gate.open_until, probe)


def write_breaker(session: Session, account_id: int, kind: Kind, breaker: Breaker) -> None:
    """Store the breaker of the engine that decides, for the next rebuild."""
    values = {
        "failures": breaker.failures,
        "openings": breaker.openings,
        "open_until": breaker.open_until,
        "probe": breaker.probe,
    }
    statement = insert(QuotaGate).values(account_id=account_id, kind=kind, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["account_id", "kind"], set_=values))
