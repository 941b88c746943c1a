"""The audit log: every state change of an action, in a hash chain for each account."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.tables import Account, Action, ActionEvent, AuditHead
from worker.errors import Reason
from worker.rules.model import ActionState

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Event:
    """One state change of an action: when, from which state to which, why, and by whom."""

    seq: int
    at: datetime
    from_state: ActionState | None
    to_state: ActionState
    reason: Reason | None
    attempt: int
    actor: str
    correlation_id: str


@dataclass(frozen=True, slots=True)
class ChainReport:
    """The result of verifying one account's chain. Store `head` elsewhere: it proves the chain's length."""

    account: str
    events: int
    head: str
    problems: tuple[str, ...]


def list_events(session: Session, action_id: UUID) -> Sequence[Event]:
    """Return every state change of one action, oldest first."""
    rows = session.scalars(
        select(ActionEvent).where(ActionEvent.action_id == action_id).order_by(ActionEvent.seq)
    )
    return [
        Event(
            seq=row.seq,
            at=row.at,
            from_state=ActionState(row.from_state) if row.from_state else None,
            to_state=ActionState(row.to_state),
            reason=Reason(row.reason) if row.reason else None,
            attempt=row.attempt,
            actor=row.actor,
            correlation_id=row.correlation_id,
        )
        for row in rows
    ]


def lock_audit_head(session: Session, account_id: int) -> None:
    """Lock the end of the account's chain; call this before locking rows that others lock after it."""
    session.execute(select(func.lock_audit_head(account_id)))  # a function, as only the owner may write it


def verify_chains(session: Session) -> Sequence[ChainReport]:
    """Recompute every account's chain, row by row, in bounded memory.

    Needs a snapshot (`Database.snapshot`); otherwise a change between two statements looks like an error.
    """
    accounts = session.execute(
        select(Account.id, Account.name, AuditHead)
        .outerjoin(AuditHead, AuditHead.account_id == Account.id)
        .order_by(Account.name)
    ).all()
    return [_verify_account(session, account_id, name, head) for account_id, name, head in accounts]


def _verify_account(session: Session, account_id: int, name: str, head: AuditHead | None) -> ChainReport:
    problems = []
    reached = b""
    seq = 0
    rows = session.scalars(
        select(ActionEvent)
        .where(ActionEvent.account_id == account_id)
        .order_by(ActionEvent.seq)
        .execution_options(yield_per=1000)
    )
    for row in rows:
        if row.seq != seq + 1:
            problems.append(_describe_gap(seq + 1, row.seq - 1))
        expected = _hash(reached, row)
        if row.hash != expected and row.seq == seq + 1:
            problems.append(f"event {row.seq} was changed")
        seq, reached = row.seq, row.hash
    if head is None and seq:
        problems.append("the record of the chain's last event is missing")
    if head is not None and head.seq != seq:
        problems.append(f"the chain ends at event {seq}, but {head.seq} were written")
    elif head is not None and head.hash != reached:
        problems.append(f"event {seq} is not the one that was written last")
    if mismatches := _count_mismatches(session, account_id):
        problems.append(f"{mismatches} actions are in a state that no event explains")
    return ChainReport(name, seq, reached.hex(), tuple(problems))


def _describe_gap(first: int, last: int) -> str:
    return f"event {first} is missing" if first == last else f"events {first} to {last} are missing"


def _count_mismatches(session: Session, account_id: int) -> int:
    """Return how many actions are not in the state of their last event: changed without the trigger."""
    last = (
        select(ActionEvent.to_state)
        .where(ActionEvent.action_id == Action.id)
        .order_by(ActionEvent.seq.desc())
        .limit(1)
        .scalar_subquery()
    )
    mismatches = select(func.count()).where(
        Action.account_id == account_id, Action.state.is_distinct_from(last)
    )
    return session.scalars(mismatches).one()


def _hash(before: bytes, row: ActionEvent) -> bytes:
    """Return the hash that the trigger of migration 0002 computed for this row."""
    parts = (
        row.seq, row.action_id, (row.at - _EPOCH) // timedelta(microseconds=1),
        row.from_state or "-", row.to_state, row.reason or "-", row.attempt, row.actor, row.correlation_id,
    )  # fmt: skip
    return hashlib.sha256(before + "\x1f".join(map(str, parts)).encode()).digest()
