"""The audit log: every state change of an action, in a hash chain for each account."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from db.tables import Account, Action, ActionEvent, AuditHead
from worker.errors import Reason
from worker.rules.model import ActionState

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST: Final = UUID(int=0)
"""Less than every action's id."""
_PART: Final = 1000


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


def list_events(
    session: Session, action_id: UUID, *, after: int = 0, limit: int | None = None
) -> Sequence[Event]:
    """Return the state changes of one action, oldest first; with `limit`, a page of those above `after`."""
    rows = session.scalars(
        select(ActionEvent)
        .where(ActionEvent.action_id == action_id, ActionEvent.seq > after)
        .order_by(ActionEvent.seq)
        .limit(limit)
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


@dataclass(frozen=True, slots=True)
class ChainHead:
    """The end of an account's chain as it was written: the number of events, and the last one's hash."""

    account: str
    events: int
    hash: str


@dataclass(frozen=True, slots=True)
class ChainPlace:
    """How far a chain is verified: up to the event `seq`, whose hash in hexadecimal digits is `reached`.

    Once its end was reached, the states of the account's actions are compared, by id: up to `action`.
    """

    seq: int = 0
    reached: str = ""
    action: UUID | None = None


@dataclass(frozen=True, slots=True)
class ChainPart:
    """The result of verifying a part: `unexplained` actions are in a state that no event explains.

    `next` is where to go on, None at the end.
    """

    events: int
    actions: int
    problems: Sequence[str]
    unexplained: int
    next: ChainPlace | None


def list_heads(session: Session, *, after: str, limit: int) -> Sequence[ChainHead]:
    """Return the ends of the chains of accounts with names after `after`, removed ones included."""
    rows = session.execute(
        select(Account.name, AuditHead.seq, AuditHead.hash)
        .outerjoin(AuditHead, AuditHead.account_id == Account.id)
        .where(Account.name > after)
        .order_by(Account.name)
        .limit(limit)
    )
    return [ChainHead(row.name, row.seq or 0, row.hash.hex() if row.hash else "") for row in rows]


def find_chain(session: Session, account: str) -> int | None:
    """Return the id of an account with a chain, also of a removed one; None if there is none."""
    return session.scalar(select(Account.id).where(Account.name == account))


def verify_chains(session: Session) -> Sequence[ChainReport]:
    """Recompute every account's chain, row by row, in bounded memory.

    Needs a snapshot (`Database.snapshot`); otherwise a change between two statements looks like an error.
    """
    accounts = session.execute(select(Account.id, Account.name).order_by(Account.name)).all()
    return [_verify_account(session, account_id, name) for account_id, name in accounts]


def _verify_account(session: Session, account_id: int, name: str) -> ChainReport:
    problems: list[str] = []
    unexplained = 0
    head, place = ChainPlace(), ChainPlace()
    while True:
        part = verify_part(session, account_id, place, limit=_PART)
        problems += part.problems
        unexplained += part.unexplained
        if part.next is None:
            break
        place = part.next
        head = place if place.action in {None, _FIRST} else head
    if unexplained:
        problems.append(describe_unexplained(unexplained))
    return ChainReport(name, head.seq, head.reached, tuple(problems))


def verify_part(session: Session, account_id: int, place: ChainPlace, *, limit: int) -> ChainPart:
    """Verify at most `limit` events of a chain, or states of actions, from `place` on.

    Each part needs a snapshot; parts of one chain may have different ones, since a chain only grows.
    """
    if place.action is not None:
        return _compare_states(session, account_id, place, place.action, limit)
    seq, reached, problems = place.seq, bytes.fromhex(place.reached), []
    query = select(*ActionEvent.__table__.c).where(ActionEvent.account_id == account_id)
    if place != ChainPlace():  # the first part also finds rows that were inserted before event 1
        query = query.where(ActionEvent.seq > seq)
    rows = session.execute(query.order_by(ActionEvent.seq).limit(limit)).all()
    for row in rows:
        if row.seq != seq + 1:
            problems.append(_describe_gap(seq + 1, row.seq - 1))
        elif row.hash != _hash(reached, row):
            problems.append(f"event {row.seq} was changed")
        seq, reached = row.seq, row.hash
    is_end = len(rows) < limit
    if is_end and (problem := _compare_head(session, account_id, seq, reached)):
        problems.append(problem)
    return ChainPart(
        events=len(rows),
        actions=0,
        problems=problems,
        unexplained=0,
        next=ChainPlace(seq, reached.hex(), _FIRST if is_end else None),
    )


def _compare_head(session: Session, account_id: int, seq: int, reached: bytes) -> str | None:
    """Return what is wrong with the end of a chain, None if nothing is."""
    head = session.execute(
        select(AuditHead.seq, AuditHead.hash).where(AuditHead.account_id == account_id)
    ).first()
    if head is None:
        return "the record of the chain's last event is missing" if seq else None
    if head.seq != seq:
        return f"the chain ends at event {seq}, but {head.seq} were written"
    return None if head.hash == reached else f"event {seq} is not the one that was written last"


def describe_unexplained(count: int) -> str:
    """Return that so many actions were changed without the trigger that writes events."""
    return f"{count} actions are in a state that no event explains"


def _describe_gap(first: int, last: int) -> str:
    return f"event {first} is missing" if first == last else f"events {first} to {last} are missing"


def _compare_states(
    session: Session, account_id: int, place: ChainPlace, after: UUID, limit: int
) -> ChainPart:
    """Compare the states of actions with their last events."""
    last = (
        select(ActionEvent.to_state)
        .where(ActionEvent.action_id == Action.id)
        .order_by(ActionEvent.seq.desc())
        .limit(1)
        .scalar_subquery()
    )
    rows = session.execute(
        select(Action.id, Action.state.is_distinct_from(last))
        .where(Action.account_id == account_id, Action.id > after)
        .order_by(Action.id)
        .limit(limit)
    ).all()
    return ChainPart(
        events=0,
        actions=len(rows),
        problems=(),
        unexplained=sum(is_unexplained for _, is_unexplained in rows),
        next=ChainPlace(place.seq, place.reached, rows[-1][0]) if len(rows) == limit else None,
    )


def _hash(before: bytes, row: Row[Any]) -> bytes:
    """Return the hash that the trigger of migration 0053 computed for this row."""
    parts = (
        row.seq, row.action_id, (row.at - _EPOCH) // timedelta(microseconds=1),
        row.from_state or "-", row.to_state, row.reason or "-", row.attempt, row.actor, row.correlation_id,
    )  # fmt: skip
    return hashlib.sha256(before + "\x1f".join(map(str, parts)).encode()).digest()
