"""Open the conversation of a message that was sent under supervision, and read it for a person."""

from dataclasses import dataclass
from datetime import datetime

from db.store.actions.unseen_sends import UnseenSend
from db.store.people.accounts import AccountRecord
from tasks.actions.conversation.thread import is_same_text, open_thread, read_keys
from tasks.actions.evidence import save_picture
from tasks.services import Services
from worker.rules.model import Kind
from worker.rules.screenshot_names import screenshot_name

_NO_ATTEMPT = 0
"""In the screenshot's name; the attempts of actions begin with 1."""


@dataclass(frozen=True, slots=True)
class SeenSend:
    """What the conversation shows of a message.

    recipient: the address by member id that the page shows, or the one by name where it shows no id
    name: in the conversation's head
    text: the message as it is shown, None if it is not among the account's own messages
    at: when it was sent, by the page
    copies: how many of the account's own messages have this text
    screenshot: the path of a picture of the page
    """

    recipient: str
    name: str
    text: str | None
    at: datetime | None
    copies: int
    screenshot: str | None


def look_at_send(services: Services, account: AccountRecord, send: UnseenSend) -> SeenSend:
    """Open the conversation and return what it shows of the message. Clicks and types nothing.

    Raises NeverError if the conversation is somebody else's, and otherwise as the site does.
    """
    site = services.site_of(account)
    thread = open_thread(services, site, account.site, send.keys)
    own = [each for each in thread.messages() if each.outgoing and is_same_text(each.text, send.text)]
    shown = read_keys(thread)
    name = screenshot_name(account.id, send.keys.addresses[0], Kind.GREET, _NO_ATTEMPT)
    return SeenSend(
        recipient=shown.member_url or shown.profile_url or "",
        name=thread.shown_name(),
        text=own[-1].text if own else None,
        at=own[-1].at if own else None,
        copies=len(own),
        screenshot=save_picture(services, site, name, masked=False),
    )
