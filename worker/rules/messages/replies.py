"""What counts as a reply to a greeting, and what the inbox alone can't tell.

The inbox shows only the last message of each conversation. Opening a conversation takes the owner's unread
mark away, so it is done only where it must be: to keep the text, or to see whether there was a reply before
what the owner has written by hand since; that conversation the owner has opened already.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from worker.rules.model import InboxLine, ThreadMessage

REPLY_WINDOW: Final = timedelta(days=30)
"""A reply belongs to a greeting that is not older than this."""

INBOX_READ_INTERVAL: Final = timedelta(hours=1)
"""The inbox of an account is opened at most so often."""

MAX_CONVERSATIONS_OPENED: Final = 10
"""Conversations opened in one reading; the others wait for the next."""

_OWN_WITHIN: Final = timedelta(minutes=1)
"""So far the clocks of the site and of Postgres may be apart before our own greeting looks like another's."""


@dataclass(frozen=True, slots=True)
class LatestGreeting:
    """A contact's newest greeting: intended at `greeted_at`, proven and recorded at `recorded_at`.

    `keep_text`: the campaign was asked to. `may_open`: the person is not to be left alone altogether.
    """

    interaction_id: int
    contact_id: int
    profile_url: str
    greeted_at: datetime
    recorded_at: datetime
    replied: bool
    keep_text: bool
    may_open: bool


@dataclass(frozen=True, slots=True)
class Reply:
    """The person wrote back, at `at`. The text is there only where it is to be kept, and in no repr."""

    greeted: LatestGreeting
    at: datetime
    text: str | None = field(default=None, repr=False)


class InboxSignal(StrEnum):
    """What a line of the inbox tells about a greeting."""

    NOTHING = "nothing"
    REPLIED = "replied"
    MAYBE = "maybe"


def classify_inbox_line(line: InboxLine, greeted: LatestGreeting, read_to: datetime | None) -> InboxSignal:
    """Say what `line` tells. Up to `read_to` conversations were looked at before.

    What came in before the greeting is no reply to it. What the account itself wrote since may hide one.
    """
    if not line.outgoing:
        return InboxSignal.REPLIED if line.at > greeted.greeted_at else InboxSignal.NOTHING
    by_hand = line.at > greeted.recorded_at + _OWN_WITHIN
    seen = greeted.replied or (read_to is not None and line.at <= read_to)
    return InboxSignal.MAYBE if by_hand and not seen and greeted.may_open else InboxSignal.NOTHING


def needs_text(greeted: LatestGreeting) -> bool:
    """Whether the conversation is to be opened for what was said."""
    return greeted.keep_text and greeted.may_open and not greeted.replied


def find_reply(messages: Sequence[ThreadMessage], greeted: LatestGreeting) -> Reply | None:
    """Return the first message that came in after the greeting; one without a time can't be told."""
    since = (m for m in messages if not m.outgoing and m.at is not None and m.at > greeted.greeted_at)
    first = next(since, None)
    if first is None or first.at is None:
        return None
    return Reply(greeted, first.at, first.text if greeted.keep_text else None)


def replies_known_until(lines: Sequence[InboxLine], left: Sequence[InboxLine]) -> datetime | None:
    """Return up to when replies are known: the newest message seen, or just before the first one `left`."""
    if left:
        return min(line.at for line in left) - timedelta.resolution
    return max((line.at for line in lines), default=None)
