"""Deliveries: which message a target is sent next, and how sending it ended.

A message is claimed in a transaction of its own before it is sent (`sending`), and recorded after. If its
sender dies in between, it is sent again when its lease has expired, and says so.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Row, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.engine import execute_counted, get_database_time
from db.queries import load_query
from db.store.notices.totals import count_outcomes
from db.tables import Account, NoticeDelivery, NoticeTarget, OutboxEvent
from worker.rules.notices.deliveries import (
    LEASE,
    DeliveryState,
    Outcome,
    SendFailure,
    gives_up_at,
    is_given_up,
    retry_after,
)
from worker.rules.notices.grouping import PERIOD, WaitingNotice, choose_message
from worker.rules.notices.kinds import NoticeKind, Urgency, sent_within, urgency_of

_OPEN = (DeliveryState.PENDING, DeliveryState.SENDING)
_MOST_READ = 2_000
"""Open deliveries of a target that are looked at in one transaction; more are left for the next one."""


@dataclass(frozen=True, slots=True)
class EventRecord:
    """One event. `account` None: it concerns all accounts."""

    id: int
    kind: NoticeKind
    at: datetime
    account_id: int | None
    account: str | None
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MessageClaim:
    """The right to send a message until its lease expires. `sealed` is the target's encrypted URL."""

    id: UUID
    target_id: UUID
    target: str
    sealed: bytes
    with_texts: bool
    with_screenshots: bool
    events: Sequence[EventRecord]
    since: datetime
    attempts: int
    maybe_twice: bool


def dispatch_events(session: Session) -> int:
    """Make the deliveries of new events, 1 000 at most; return how many events there were."""
    return execute_counted(session, load_query("dispatch_notices"))


def list_waiting_targets(session: Session) -> Sequence[UUID]:
    """Return the targets with waiting deliveries; those whose last message failed come last."""
    waiting = select(NoticeDelivery.target_id).where(NoticeDelivery.state.in_(_OPEN))
    return session.scalars(
        select(NoticeTarget.id)
        .where(NoticeTarget.paused_at.is_(None), NoticeTarget.id.in_(waiting))
        .order_by(NoticeTarget.last_failed_at.nulls_first(), NoticeTarget.id)
    ).all()


def claim_message(session: Session, target_id: UUID) -> MessageClaim | None:
    """Claim the most urgent message that can be sent to the target now; None if there is none.

    None also if another notifier claims or records one of this target. What is too old is given up.
    """
    target = session.scalar(
        select(NoticeTarget)
        .where(NoticeTarget.id == target_id, NoticeTarget.paused_at.is_(None))
        .with_for_update(skip_locked=True)
    )
    if target is None:
        return None
    now = get_database_time(session)
    rows = _read_open(session, target_id)
    for urgency in Urgency:
        ours = [row for row in rows if urgency_of(NoticeKind(row.kind)) is urgency]
        chosen = _choose(session, target_id, urgency, ours, now)
        if chosen:
            return _claim(session, target, chosen, now)
    return None


def record_sent(session: Session, claim: MessageClaim) -> bool:
    """Record that the message was sent; return False if its lease was lost."""
    ended = {"state": DeliveryState.SENT, "ended_at": func.now(), "sending_since": None, "last_error": None}
    if not _end(session, claim, ended):
        return False
    outcome = Outcome.MAYBE_TWICE if claim.maybe_twice else Outcome.SENT
    count_outcomes(session, (event.kind for event in claim.events), outcome)
    session.execute(
        update(NoticeTarget)
        .where(NoticeTarget.id == claim.target_id)
        .values(last_ok_at=func.now(), last_failed_at=None, last_error=None)
    )
    return True


def record_failure(
    session: Session, claim: MessageClaim, failure: SendFailure, *, may_have_arrived: bool, chance: float
) -> bool:
    """Record that the message was not sent, and when it is tried again; return whether it is.

    `may_have_arrived` marks it as maybe sent twice. `chance`, from 0 to 1, spreads the retries.
    """
    gives_up = is_given_up(failure, claim.attempts, {event.kind for event in claim.events})
    values: dict[str, Any] = {"sending_since": None, "last_error": failure}
    if may_have_arrived:
        values["maybe_twice"] = True
    if gives_up:
        values |= {"state": DeliveryState.FAILED, "ended_at": func.now()}
    else:
        after = retry_after(claim.attempts, chance=chance)
        values |= {"state": DeliveryState.PENDING, "not_before": func.now() + after}
    if not _end(session, claim, values):
        return False
    if gives_up:
        count_outcomes(session, (event.kind for event in claim.events), Outcome.FAILED)
    session.execute(
        update(NoticeTarget)
        .where(NoticeTarget.id == claim.target_id)
        .values(last_failed_at=func.now(), last_error=failure)
    )
    return not gives_up


def claim_test(session: Session, target_id: UUID) -> MessageClaim:
    """Write a test event for this target alone, and claim its message for the caller."""
    target, event_id = _write_test(session, target_id)
    rows = _read_open(session, target_id, OutboxEvent.id == event_id)
    return _claim(session, target, rows, get_database_time(session))


def request_test(session: Session, target_id: UUID) -> None:
    """Write a test event for this target alone, which the notifier sends when it looks next."""
    _write_test(session, target_id)


def _write_test(session: Session, target_id: UUID) -> tuple[NoticeTarget, int]:
    target = session.scalars(select(NoticeTarget).where(NoticeTarget.id == target_id).with_for_update()).one()
    event_id = session.scalars(
        insert(OutboxEvent)
        .values(
            kind=NoticeKind.TEST, key=str(uuid4()), account_id=target.account_id,
            dispatched_at=get_database_time(session),
        )
        .returning(OutboxEvent.id)
    ).one()  # fmt: skip
    session.execute(insert(NoticeDelivery).values(event_id=event_id, target_id=target_id))
    return target, event_id


def _read_open(session: Session, target_id: UUID, *which: ColumnElement[bool]) -> Sequence[Row[Any]]:
    """Return a target's open deliveries that meet the conditions, with their events, oldest first."""
    return session.execute(
        select(
            OutboxEvent.id, OutboxEvent.kind, OutboxEvent.at, OutboxEvent.account_id, OutboxEvent.payload,
            Account.name.label("account"),
            NoticeDelivery.state, NoticeDelivery.message_id, NoticeDelivery.attempts,
            NoticeDelivery.not_before, NoticeDelivery.sending_since, NoticeDelivery.maybe_twice,
            NoticeDelivery.last_error,
        )
        .join(NoticeDelivery, NoticeDelivery.event_id == OutboxEvent.id)
        .outerjoin(Account, Account.id == OutboxEvent.account_id)
        .where(NoticeDelivery.target_id == target_id, NoticeDelivery.state.in_(_OPEN), *which)
        .order_by(OutboxEvent.id)
        .limit(_MOST_READ)
    ).all()  # fmt: skip


def _choose(
    session: Session, target_id: UUID, urgency: Urgency, rows: Sequence[Row[Any]], now: datetime
) -> Sequence[Row[Any]]:
    """Return the deliveries of the message to send now: the one that was begun, else a new one."""
    begun = [row for row in rows if row.message_id is not None]
    if begun:
        message = [row for row in begun if row.message_id == begun[0].message_id]
        opens_at = (
            begun[0].sending_since + LEASE if begun[0].state == DeliveryState.SENDING else begun[0].not_before
        )
        if opens_at > now:
            return []
        if gives_up_at((NoticeKind(row.kind), row.at) for row in message) > now:
            return message
        _give_up(session, target_id, message)
    new = [row for row in rows if row.message_id is None]
    old = [row for row in new if row.at + sent_within(NoticeKind(row.kind)) <= now]
    _drop(session, target_id, old)
    waiting = {row.id: row for row in new if row not in old}
    chosen = choose_message(
        now,
        urgency,
        [WaitingNotice(row.id, row.at) for row in waiting.values()],
        _list_sent(session, target_id, urgency),
    )
    return [waiting[event_id] for event_id in chosen.event_ids]


def _claim(session: Session, target: NoticeTarget, rows: Sequence[Row[Any]], now: datetime) -> MessageClaim:
    first = rows[0]
    was_lost = first.state == DeliveryState.SENDING
    claim = MessageClaim(
        id=first.message_id or uuid4(),
        target_id=target.id,
        target=target.name,
        sealed=target.sealed,
        with_texts=target.with_texts,
        with_screenshots=target.with_screenshots,
        events=[
            EventRecord(row.id, NoticeKind(row.kind), row.at, row.account_id, row.account, row.payload)
            for row in rows
        ],
        since=now,
        attempts=first.attempts + 1,
        maybe_twice=was_lost or first.maybe_twice,
    )
    session.execute(
        update(NoticeDelivery)
        .where(*_these(target.id, rows))
        .values(
            state=DeliveryState.SENDING,
            message_id=claim.id,
            sending_since=now,
            attempts=claim.attempts,
            maybe_twice=claim.maybe_twice,
        )
    )
    return claim


def _give_up(session: Session, target_id: UUID, rows: Sequence[Row[Any]]) -> None:
    """End a message that was tried until it was of no use any more. What failed last stays as the reason."""
    session.execute(
        update(NoticeDelivery)
        .where(*_these(target_id, rows))
        .values(
            state=DeliveryState.FAILED,
            ended_at=func.now(),
            sending_since=None,
            last_error=func.coalesce(NoticeDelivery.last_error, SendFailure.TOO_OLD),
        )
    )
    count_outcomes(session, (NoticeKind(row.kind) for row in rows), Outcome.FAILED)


def _drop(session: Session, target_id: UUID, rows: Sequence[Row[Any]]) -> None:
    """End notices that were too old before they were sent for the first time."""
    if not rows:
        return
    session.execute(
        update(NoticeDelivery)
        .where(*_these(target_id, rows))
        .values(state=DeliveryState.DROPPED, ended_at=func.now(), last_error=SendFailure.TOO_OLD)
    )
    count_outcomes(session, (NoticeKind(row.kind) for row in rows), Outcome.DROPPED)


def _list_sent(session: Session, target_id: UUID, urgency: Urgency) -> Sequence[datetime]:
    """Return when the messages of this urgency were sent in the last `PERIOD`."""
    kinds = [kind for kind in NoticeKind if urgency_of(kind) is urgency]
    sent = session.scalars(
        select(func.max(NoticeDelivery.ended_at))
        .join(OutboxEvent, OutboxEvent.id == NoticeDelivery.event_id)
        .where(
            NoticeDelivery.target_id == target_id,
            NoticeDelivery.state == DeliveryState.SENT,
            NoticeDelivery.ended_at > func.now() - PERIOD,
            OutboxEvent.kind.in_(kinds),
        )
        .group_by(NoticeDelivery.message_id)
    )
    return [at for at in sent if at is not None]


def _end(session: Session, claim: MessageClaim, values: Mapping[str, Any]) -> bool:
    """Change the deliveries of a claimed message, unless another sender has claimed it since."""
    ours = update(NoticeDelivery).where(
        NoticeDelivery.target_id == claim.target_id,
        NoticeDelivery.message_id == claim.id,
        NoticeDelivery.state == DeliveryState.SENDING,
        NoticeDelivery.sending_since == claim.since,
    )
    return execute_counted(session, ours.values(**values)) > 0


def _these(target_id: UUID, rows: Collection[Row[Any]]) -> tuple[ColumnElement[bool], ...]:
    return (NoticeDelivery.target_id == target_id, NoticeDelivery.event_id.in_([row.id for row in rows]))
