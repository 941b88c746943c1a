"""Read a thread: whose it is, and whether a greeting is in it already."""

from collections.abc import Collection, Sequence

from db.store.actions.claims import Claim
from tasks.services import Services
from worker.browser.site import Site, Thread
from worker.errors import NeverError, Reason
from worker.rules.messages.automatic import without_automatic
from worker.rules.model import ThreadMessage


def open_thread(services: Services, site: Site, site_name: str, profile_url: str) -> Thread:
    """Open the thread of the person with this profile address, and check that it is theirs.

    Raises NeverError if it is somebody else's: a message must never go to the wrong person.
    """
    with services.time_request(site_name, "open_thread"):
        thread = site.open_thread(profile_url)
    check_recipient(site, thread, profile_url)
    return thread


def check_recipient(site: Site, thread: Thread, profile_url: str) -> None:
    """Raise NeverError unless the thread is that person's. Called before typing and before the click."""
    if thread.recipient() != site.normalise(profile_url):
        raise NeverError(Reason.WRONG_RECIPIENT, "the thread that opened is somebody else's")


def is_same_text(one: str, other: str) -> bool:
    """Return whether two texts look the same on a page, where runs of white space count as one."""
    return one.split() == other.split()


def count_outgoing_copies(messages: Sequence[ThreadMessage], text: str) -> int:
    """Return how many of the account's own messages have exactly `text`."""
    return sum(message.outgoing and is_same_text(message.text, text) for message in messages)


def is_greeting_sent(messages: Sequence[ThreadMessage], claim: Claim) -> bool:
    """Return whether exactly this greeting is in the thread, sent since the birthday or undated."""
    return any(
        m.outgoing and is_same_text(m.text, claim.message) and _is_since_birthday(m, claim) for m in messages
    )


def find_reason_not_to_send(
    messages: Sequence[ThreadMessage], claim: Claim, by_hand: Sequence[ThreadMessage]
) -> Reason | None:
    """Return why nothing is to be sent: greeted already, written to by hand, or the person wrote meanwhile.

    `by_hand` are the messages that the owner wrote. If the greeting was planned before the birthday, messages
    since then count.
    """
    if is_greeting_sent(messages, claim):
        return Reason.ALREADY_GREETED
    if any(_is_since_birthday(m, claim) or (m.at and m.at >= claim.planned_at) for m in by_hand):
        return Reason.WRITTEN_BY_HAND
    if any(m.outgoing and m.at is not None and _is_since_birthday(m, claim) for m in messages):
        return Reason.ALREADY_GREETED
    human = without_automatic(messages)
    if any(not m.outgoing and m.at is not None and m.at >= claim.planned_at for m in human):
        return Reason.CONTACT_REPLIED
    return None


def find_messages_by_hand(messages: Sequence[ThreadMessage], texts: Collection[str]) -> list[ThreadMessage]:
    """Return the account's dated messages that are not among `texts`, which Rapport wrote."""
    return [
        m
        for m in messages
        if m.outgoing and m.at is not None and not any(is_same_text(m.text, t) for t in texts)
    ]


def is_for_occasion(message: ThreadMessage, claim: Claim) -> bool:
    """Return whether the message was written on the birthday or later."""
    return message.at is not None and _is_since_birthday(message, claim)


def _is_since_birthday(message: ThreadMessage, claim: Claim) -> bool:
    return message.at is None or message.at.astimezone(claim.zone).date() >= claim.occasion_on
