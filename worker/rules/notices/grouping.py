"""Grouping and rate limits: which of a target's waiting notices go into the next message, and when.

A storm of failures becomes a few messages. What is urgent doesn't wait for what is not.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from worker.rules.notices.kinds import Urgency

MOST_IN_MESSAGE: Final = 500
"""Events in one message: about 100 kB for a webhook. More follow in the next one."""
PERIOD: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Pace:
    """How notices of one urgency are sent: collected for a while, apart, and at most so many in an hour."""

    collect: timedelta
    apart: timedelta
    in_an_hour: int


PACES: Final = {
    Urgency.URGENT: Pace(collect=timedelta(0), apart=timedelta(minutes=1), in_an_hour=20),
    Urgency.SEPARATE: Pace(collect=timedelta(0), apart=timedelta(0), in_an_hour=100),
    Urgency.ORDINARY: Pace(collect=timedelta(seconds=30), apart=timedelta(minutes=10), in_an_hour=6),
}


@dataclass(frozen=True, slots=True)
class WaitingNotice:
    """A notice that is in no message yet."""

    event_id: int
    at: datetime


@dataclass(frozen=True, slots=True)
class NextMessage:
    """The events of the message to send now. None: nothing is to be sent before `at`, if that is known."""

    event_ids: Sequence[int]
    at: datetime | None = None


def choose_message(
    now: datetime, urgency: Urgency, waiting: Collection[WaitingNotice], sent: Collection[datetime]
) -> NextMessage:
    """Return which notices of one target and urgency to send now as one message, or when to ask again.

    `sent` has the times of its messages in the last `PERIOD`.
    """
    if not waiting:
        return NextMessage([])
    first, *others = sorted(waiting, key=lambda each: (each.at, each.event_id))
    opens_at = _opens_at(PACES[urgency], first.at, sorted(sent))
    if opens_at > now:
        return NextMessage([], opens_at)
    if urgency is Urgency.SEPARATE:
        return NextMessage([first.event_id])
    return NextMessage([first.event_id, *(each.event_id for each in others[: MOST_IN_MESSAGE - 1])])


def _opens_at(pace: Pace, oldest: datetime, sent: Sequence[datetime]) -> datetime:
    """Return when the next message of this pace may be sent. `sent` is in order."""
    times = [oldest + pace.collect]
    if sent:
        times.append(sent[-1] + pace.apart)
    if len(sent) >= pace.in_an_hour:
        times.append(sent[-pace.in_an_hour] + PERIOD)
    return max(times)
