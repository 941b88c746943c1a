"""Detect replies to greetings from the inbox, and decide which conversations have to be opened.

The inbox shows only the last message of each conversation. Opening a conversation clears the owner's unread
mark, so it is done only to store the text of a reply, to look for one before a message that the owner wrote
by hand (who has already opened that conversation), or if the last message may be an automatic answer.
An automatic answer is no reply, and the human one that follows is looked for as if it had not come.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from worker.rules.messages.automatic import (
    AUTOMATIC_WITHIN,
    count_away_words,
    is_automatic,
    list_automatic,
    without_automatic,
)
from worker.rules.model import InboxLine, ThreadMessage
from worker.rules.names.shown_names import is_same_name
from worker.rules.people.identity import PersonKeys

REPLY_WINDOW: Final = timedelta(days=30)
"""How long after a greeting a message from its recipient counts as a reply."""

INBOX_READ_INTERVAL: Final = timedelta(hours=1)
"""The shortest time between two readings of an account's inbox."""

MAX_CONVERSATIONS_OPENED: Final = 10
"""Conversations opened in one reading. The others wait for the next."""

_OWN_WITHIN: Final = timedelta(minutes=1)
"""Tolerance between the clocks of the site and Postgres: an outgoing message within it is the greeting."""


@dataclass(frozen=True, slots=True)
class LatestGreeting:
    """A contact's newest greeting: intended at `greeted_at`, proven and recorded at `recorded_at`.

    `keep_text`: the campaign stores the text of replies. `may_open`: the contact is not on do-not-contact.
    `has_namesake`: the account knows somebody else by the same name.
    """

    interaction_id: int
    contact_id: int
    profile_url: str
    greeted_at: datetime
    recorded_at: datetime
    replied: bool
    keep_text: bool
    may_open: bool
    member_url: str | None = None
    full_name: str = ""
    has_namesake: bool = False

    @property
    def keys(self) -> PersonKeys:
        """The addresses by which the account knows the person."""
        return PersonKeys.of(self.profile_url, self.member_url)


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply, received at `at`. `text` is set only if it is to be stored, and hidden from repr."""

    greeted: LatestGreeting
    at: datetime
    text: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class AutomaticAnswer:
    """An automatic answer to a greeting, received at `at`. `text`, or its beginning, is never stored."""

    greeted: LatestGreeting
    at: datetime
    text: str = field(default="", repr=False)


class InboxSignal(StrEnum):
    """What a line of the inbox says about a reply to a greeting.

    MAYBE: a reply may be hidden before it. UNSURE: it is a reply, unless the conversation shows that it is
    automatic.
    """

    NOTHING = "nothing"
    REPLIED = "replied"
    MAYBE = "maybe"
    UNSURE = "unsure"
    AUTOMATIC = "automatic"


def classify_inbox_line(line: InboxLine, greeted: LatestGreeting, read_to: datetime | None) -> InboxSignal:
    """Return what `line` says about a reply. Messages up to `read_to` were read before.

    An incoming message from before the greeting is not a reply. An outgoing one after it, or an automatic one
    some time after it, may hide a reply.
    """
    seen = greeted.replied or (read_to is not None and line.at <= read_to)
    if not line.outgoing:
        return _classify_incoming(line, greeted, seen=seen)
    by_hand = line.at > greeted.recorded_at + _OWN_WITHIN
    return InboxSignal.MAYBE if by_hand and not seen and greeted.may_open else InboxSignal.NOTHING


def _classify_incoming(line: InboxLine, greeted: LatestGreeting, *, seen: bool) -> InboxSignal:
    after = line.at - greeted.greeted_at
    if after <= timedelta(0):
        return InboxSignal.NOTHING
    is_soon = after <= AUTOMATIC_WITHIN
    if is_automatic(line.preview, marked=line.automatic, after=after):
        may_hide = not is_soon and greeted.may_open and not seen
        return InboxSignal.MAYBE if may_hide else InboxSignal.AUTOMATIC
    may_be = count_away_words(line.preview) > 0 or (is_soon and line.preview.endswith("\u2026"))
    if may_be and greeted.may_open:
        return InboxSignal.NOTHING if seen else InboxSignal.UNSURE
    return InboxSignal.REPLIED


def find_greeted(
    line: InboxLine, by_address: Mapping[str, LatestGreeting], greeted: Iterable[LatestGreeting]
) -> LatestGreeting | None:
    """Return the greeting to the person with whom the conversation of `line` is, or None.

    A line without an address is matched by name, if the account knows only one person of that name.
    """
    if line.profile_url is not None:
        return by_address.get(line.profile_url)
    named = [each for each in greeted if is_same_name(each.full_name, line.name)]
    return named[0] if len(named) == 1 and not named[0].has_namesake else None


def may_open_line(line: InboxLine, greeted: LatestGreeting) -> bool:
    """Return whether the conversation of a line may be opened.

    Where lines show no addresses, that is only done for a campaign that keeps replies.
    """
    return line.profile_url is not None or greeted.keep_text


def needs_text(greeted: LatestGreeting) -> bool:
    """Return whether the conversation has to be opened to store the text of the reply."""
    return greeted.keep_text and greeted.may_open and not greeted.replied


def find_reply(messages: Sequence[ThreadMessage], greeted: LatestGreeting) -> Reply | None:
    """Return the first incoming message after the greeting that is not automatic, or None.

    Messages without a time are ignored.
    """
    human = without_automatic(messages)
    since = (m for m in human if not m.outgoing and m.at is not None and m.at > greeted.greeted_at)
    first = next(since, None)
    if first is None or first.at is None:
        return None
    return Reply(greeted, first.at, first.text if greeted.keep_text else None)


def find_automatic(messages: Sequence[ThreadMessage], greeted: LatestGreeting) -> AutomaticAnswer | None:
    """Return the latest automatic answer after the greeting, or None."""
    found = [m for m in list_automatic(messages) if m.at is not None and m.at > greeted.greeted_at]
    if not found or (at := found[-1].at) is None:
        return None
    return AutomaticAnswer(greeted, at, found[-1].text)


def replies_known_until(lines: Sequence[InboxLine], left: Sequence[InboxLine]) -> datetime | None:
    """Return the time up to which replies are known, or None for an empty inbox.

    It is that of the newest line, or just before the oldest of the lines `left` for the next reading.
    """
    if left:
        return min(line.at for line in left) - timedelta.resolution
    return max((line.at for line in lines), default=None)
