"""What a thread tells about one greeting: whose it is, and whether it is there already."""

from collections.abc import Collection, Sequence

from db.store.actions.lifecycle import Claim
from tasks.services import Services
from worker.browser.site import Site, Thread
from worker.errors import NeverError, Reason
from worker.rules.model import ThreadMessage


def open_thread(services: Services, site: Site, claim: Claim) -> Thread:
    """Open the contact's thread and check by profile address that it is the contact's.

    Raises NeverError when it is somebody else's: a message must never go to the wrong person.
    """
    with services.timed(claim.site, "open_thread"):
        thread = site.open_thread(claim.profile_url)
    check_recipient(site, thread, claim)
    return thread


def check_recipient(site: Site, thread: Thread, claim: Claim) -> None:
    """Raise NeverError unless the thread is the contact's. Asked before typing and before the click."""
    if thread.recipient() != site.normalise(claim.profile_url):
        raise NeverError(Reason.WRONG_RECIPIENT, "the thread that opened is somebody else's")


def is_same_text(one: str, other: str) -> bool:
    """Compare as a page shows texts: runs of white space count as one."""
    return one.split() == other.split()


def count_outgoing_copies(messages: Sequence[ThreadMessage], text: str) -> int:
    """Return how many of the account's own bubbles hold exactly `text`."""
    return sum(message.outgoing and is_same_text(message.text, text) for message in messages)


def is_greeting_sent(messages: Sequence[ThreadMessage], claim: Claim) -> bool:
    """Return whether this very greeting is in the thread since the birthday (or undated)."""
    return any(
        m.outgoing and is_same_text(m.text, claim.message) and _is_since_birthday(m, claim) for m in messages
    )


def find_reason_not_to_send(
    messages: Sequence[ThreadMessage], claim: Claim, by_hand: Sequence[ThreadMessage]
) -> Reason | None:
    """Return why nothing should be sent: greeted already, written to by hand, or the person wrote meanwhile.

    `by_hand` are those of the messages that the owner wrote. One that was planned before the birthday counts
    from then on.
    """
    if is_greeting_sent(messages, claim):
        return Reason.ALREADY_GREETED
    if any(_is_since_birthday(m, claim) or (m.at and m.at >= claim.planned_at) for m in by_hand):
        return Reason.WRITTEN_BY_HAND
    if any(m.outgoing and m.at is not None and _is_since_birthday(m, claim) for m in messages):
        return Reason.ALREADY_GREETED
    if any(not m.outgoing and m.at is not None and m.at >= claim.planned_at for m in messages):
        return Reason.CONTACT_REPLIED
    return None


def find_messages_by_hand(messages: Sequence[ThreadMessage], texts: Collection[str]) -> list[ThreadMessage]:
    """Return the dated messages of the account that are none of `texts`, which are those of ours."""
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
