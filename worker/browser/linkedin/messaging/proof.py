"""Whether a message is really out: the rule that decides after the click on Send.

The server's id proves it. A composer that was emptied, the text somewhere on the page or a disabled button
prove nothing: each was seen without a message that left.
"""

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from worker.browser.linkedin.messaging.message_ids import MessageId, find_conversation, is_conversation_page

_CLOCK_SKEW: Final = timedelta(minutes=1)
"""Tolerance between the clock of this machine and that of the site."""

_SPACES: Final = re.compile(r"[^\S\n]+")


@dataclass(frozen=True, slots=True)
class Bubble:
    """One message of an open conversation. `id` is None while it has no id from the server.

    `own`: written by the account; None where the page doesn't show it. `is_text_known`: its text has a place
    that is known, perhaps without a text in it.
    """

    id: MessageId | None
    own: bool | None
    text: str
    is_text_known: bool = True


@dataclass(frozen=True, slots=True)
class PaneAfter:
    """The conversation after the click, oldest message first. `is_ours`: it is the recipient's, by id."""

    url: str
    is_ours: bool
    bubbles: Sequence[Bubble]


def compose_lines(text: str) -> list[str]:
    """Return the lines of a text, without what editors change: the kind and number of spaces, the form."""
    plain = unicodedata.normalize("NFC", text).replace("\r\n", "\n").strip()
    return [_SPACES.sub(" ", line).strip() for line in plain.split("\n")]


def list_new(before: Collection[str], bubbles: Sequence[Bubble], clicked_at: datetime) -> list[Bubble]:
    """Return the messages with an id from the server that appeared after the click, without the other side's.

    A conversation that is built anew shows old messages, too, that were not loaded before.
    """
    return [
        bubble
        for bubble in bubbles
        if bubble.own is not False
        and bubble.id is not None
        and bubble.id.urn not in before
        and bubble.id.at >= clicked_at - _CLOCK_SKEW
    ]


def is_proven(before: Collection[str], after: PaneAfter, text: str, clicked_at: datetime) -> bool:
    """Return whether exactly one message was sent by the click, with this text, to this conversation.

    `before` holds the ids that the conversation had before the click.
    """
    new = list_new(before, after.bubbles, clicked_at)
    if not after.is_ours or len(new) != 1:
        return False
    (sent,) = new
    return (
        sent.own is True
        and compose_lines(sent.text) == compose_lines(text)
        and _is_newest(sent, after.bubbles)
        and _is_of_conversation(sent, after)
    )


def _is_newest(sent: Bubble, bubbles: Sequence[Bubble]) -> bool:
    """Return whether it is the last message of the account's own. A reply may have come meanwhile."""
    own = [bubble for bubble in bubbles if bubble.own is not False]
    times = [bubble.id.at for bubble in own if bubble.id is not None]
    return own[-1] is sent and sent.id is not None and sent.id.at == max(times)


def _is_of_conversation(sent: Bubble, after: PaneAfter) -> bool:
    """Return whether the id belongs to the conversation of the address, or of the other messages, or of both.

    A first message has neither until the address changes: so long nothing says that it is of this person.
    """
    others = [bubble.id for bubble in after.bubbles if bubble is not sent]
    conversations = {each.conversation for each in others if each is not None}
    if is_conversation_page(after.url):
        conversations.add(find_conversation(after.url) or "")
    return sent.id is not None and conversations == {sent.id.conversation}
