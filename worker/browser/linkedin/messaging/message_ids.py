"""The ids that the site's server gives to messages: each holds the message's time and its conversation.

`urn:li:msg_message:(urn:li:fsd_profile:<id of the mailbox's owner>,2-<base64>)`; the base64 holds
`<milliseconds since 1970>b<digits>-<digits>&<conversation>`. The address of a conversation ends with `2-` and
the base64 of `<conversation>`. Read on saved pages of June 2026.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import unquote, urlsplit

_URN: Final = re.compile(
    r"urn:li:msg_message:\(urn:li:fsd_profile:(?P<owner>[\w-]+),2-(?P<token>[\w+/=-]+)\)", re.ASCII
)
_TOKEN: Final = re.compile(r"(?P<ms>\d{12,14})b\d+-\d+&(?P<conversation>[\w-]+)", re.ASCII)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ADDRESS: Final = re.compile(r"/messaging/thread/2-(?P<token>[\w+/=-]+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class MessageId:
    """A message's id from the server. `at` is the server's time (UTC), `owner` the id of the mailbox's owner.

    The owner is the same for incoming and outgoing messages.
    """

    urn: str
    owner: str
    at: datetime
    conversation: str


def read_message_id(urn: str | None) -> MessageId | None:
    """Return the decoded id; None for an id that the page made itself, or any other text."""
    match = _URN.fullmatch((urn or "").strip())
    token = _TOKEN.fullmatch(_decode(match["token"])) if match else None
    if match is None or token is None:
        return None
    at = _EPOCH + timedelta(milliseconds=int(token["ms"]))
    return MessageId(match[0], match["owner"], at, token["conversation"])


def find_conversation(url: str) -> str | None:
    """Return the conversation that the address of a page names, in the form of `MessageId.conversation`.

    None for any other address, and for one that can't be decoded.
    """
    match = _ADDRESS.fullmatch(unquote(urlsplit(url).path).rstrip("/"))
    return (_decode(match["token"]) or None) if match else None


def is_conversation_page(url: str) -> bool:
    """Return whether the address is that of one existing conversation, not of a new message."""
    path = urlsplit(url).path
    return path.startswith("/messaging/thread/") and not path.startswith("/messaging/thread/new")


def _decode(token: str) -> str:
    """Return the text of base64, padded or not, also of the form for addresses; '' for other text."""
    plain = token.rstrip("=").translate(str.maketrans("-_", "+/"))
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return ""
