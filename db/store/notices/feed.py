"""The feed: events in the order of their commits, for readers that resume at a position."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from db.tables import Account, EventFeed, OutboxEvent
from worker.rules.notices.kinds import NoticeKind


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """An event. Its position is later than that of each event that could be read before it."""

    position: int
    id: int
    kind: NoticeKind
    at: datetime
    account: str | None
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FeedFilter:
    """Which events are wanted. `account` leaves in those that concern all accounts; None is no limit."""

    account: str | None = None
    kinds: Collection[NoticeKind] | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Events in order, and how far the feed has been read with them: `reached` is where to resume."""

    events: Sequence[FeedEvent]
    reached: int
    has_more: bool


class EventsDeletedError(Exception):
    """Events after the position have been deleted because of their age, or lost: a backup was restored."""


class PositionUnknownError(Exception):
    """The position was never reached: it is of another database, or a backup has been restored since."""


def read_feed(session: Session, wanted: FeedFilter, *, after: int | None, limit: int) -> FeedPage:
    """Return the events after a position, `limit` at most; None: from the oldest that is kept.

    Raises EventsDeletedError or PositionUnknownError if events may be missing after that position.
    """
    last = read_last_position(session)  # before the events, so that all up to it are among them
    kept = (
        select(
            OutboxEvent.position, OutboxEvent.id, OutboxEvent.kind, OutboxEvent.at, Account.name,
            OutboxEvent.payload,
        )
        .outerjoin(Account, Account.id == OutboxEvent.account_id)
        .where(OutboxEvent.position > (after or 0), *_conditions(wanted))
        .order_by(OutboxEvent.position)
        .limit(limit + 1)
    )  # fmt: skip
    rows = session.execute(kept).all()
    if after is not None:  # asked after the events: what is deleted from now on has been read
        _require_kept(session, after)
    events = [
        FeedEvent(position, event_id, NoticeKind(kind), at, account, payload)
        for position, event_id, kind, at, account, payload in rows[:limit]
    ]
    read_to = events[-1].position if events else after or 0
    has_more = len(rows) > limit
    return FeedPage(events, read_to if has_more else max(read_to, last), has_more)


def read_last_position(session: Session) -> int:
    """Return the position of the latest event, 0 if there was none."""
    return session.scalar(select(EventFeed.last_position)) or 0


def _require_kept(session: Session, after: int) -> None:
    ends = session.execute(select(EventFeed.deleted_to, EventFeed.last_position)).first()
    deleted_to, last = ends or (0, 0)
    if after < deleted_to:
        raise EventsDeletedError
    if after > last:
        raise PositionUnknownError


def _conditions(wanted: FeedFilter) -> Sequence[ColumnElement[bool]]:
    # A test goes to one target, and nothing has happened.
    conditions = [OutboxEvent.kind != NoticeKind.TEST]
    if wanted.kinds is not None:
        conditions.append(OutboxEvent.kind.in_(wanted.kinds))
    if wanted.account is not None:
        conditions.append(or_(Account.name == wanted.account, OutboxEvent.account_id.is_(None)))
    if wanted.since is not None:
        conditions.append(OutboxEvent.at >= wanted.since)
    return conditions
