"""The ids of messages and conversations, as they stand in `data-event-urn` and in addresses."""

import base64
import uuid
from dataclasses import dataclass

from tests.replica.linkedin.people import OWN_ID


def thread_id(thread_uuid: str) -> str:
    """Return the id of a conversation in its address: `2-` and base64 with its `=`."""
    return "2-" + base64.b64encode(f"{thread_uuid}_100".encode()).decode()


def message_urn(at_ms: int, serial: int, thread_uuid: str) -> str:
    """Return the server's id of a message. The profile in it is the owner of the mailbox, whoever wrote."""
    raw = f"{at_ms}b{serial:05}-100&{thread_uuid}_100"
    inner = "2-" + base64.b64encode(raw.encode()).decode()
    return f"urn:li:msg_message:(urn:li:fsd_profile:{OWN_ID},{inner})"


def client_urn() -> str:
    """Return an id as the page makes it before the server has answered."""
    return f"urn:li:msg_message:{uuid.uuid4()}"


@dataclass(frozen=True, slots=True)
class Message:
    """A message. `outgoing` says that the member wrote it; `late_ms`, when it shows after it was sent."""

    urn: str
    at_ms: int
    outgoing: bool
    text: str
    late_ms: int = 0
