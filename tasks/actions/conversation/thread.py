"""Read a thread: whose it is, and whether a greeting is in it already."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from db.store.actions.claims import Claim
from tasks.services import Services
from worker import logs
from worker.browser.site import Site, Thread
from worker.errors import NeverError, RapportError, Reason
from worker.rules.messages.automatic import without_automatic
from worker.rules.model import ThreadMessage
from worker.rules.people.identity import Match, PersonKeys, compare_keys

log = logs.get_logger(__name__)


def open_thread(
    services: Services, site: Site, site_name: str, keys: PersonKeys, *, is_proven: bool = True
) -> Thread:
    """Open the thread of the person with these keys, and check that it is theirs.

    `is_proven`: the two keys are known to be one person's. Otherwise the site is asked by the address alone,
    so that the profile there shows its own member id. A profile that is gone from its address is looked for
    by member id. Raises as `check_recipient` does: a message must never go to the wrong person.
    """
    with services.time_request(site_name, "open_thread"):
        try:
            thread = site.open_thread(keys.addresses[0], keys.member_url if is_proven else None)
        except NeverError as error:
            if error.reason is not Reason.PROFILE_GONE or len(keys.addresses) == 1:
                raise
            thread = site.open_thread(keys.addresses[1], keys.member_url)
    check_recipient(site, thread, keys)
    return thread


def check_recipient(site: Site, thread: Thread, keys: PersonKeys) -> None:
    """Raise unless the thread is that person's. Called before typing and before the click.

    Raises MovedAddressError if the address belongs to another member id now, NeverError for anybody else.
    """
    shown = read_keys(thread)
    match = compare_keys(normalise_keys(site, keys), shown)
    if match is Match.MOVED:
        raise MovedAddressError(shown)
    if match is not Match.SAME:
        raise NeverError(Reason.WRONG_RECIPIENT, "the thread that opened is somebody else's")


def clear_draft(thread: Thread) -> None:
    """Remove what was typed, so that the owner finds no draft. If that fails, the log says so."""
    try:
        thread.clear()
    except RapportError as error:
        log.warning("draft_left", text=str(error))


@contextmanager
def clear_draft_on_error(thread: Thread) -> Iterator[None]:
    """Remove what was typed if the block raises."""
    with ExitStack() as on_error:
        on_error.callback(clear_draft, thread)
        yield
        on_error.pop_all()


class MovedAddressError(NeverError):
    """The address of a contact belongs to another member now, who has the keys `shown`. A person decides."""

    def __init__(self, shown: PersonKeys) -> None:
        super().__init__(Reason.ADDRESS_MOVED, "the profile address belongs to another member now")
        self.shown = shown


def read_keys(thread: Thread) -> PersonKeys:
    """Return the keys of the conversation's person, as the page shows them."""
    return PersonKeys.of(thread.recipient(), thread.member())


def normalise_keys(site: Site, keys: PersonKeys) -> PersonKeys:
    """Return the keys with the slug's address in the site's canonical form."""
    return PersonKeys(keys.profile_url and site.normalise(keys.profile_url), keys.member_url)


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


def find_lost_messages(messages: Sequence[ThreadMessage], claim: Claim) -> list[ThreadMessage]:
    """Return the account's messages that may be this greeting, lost with what came after a restored backup.

    Their text doesn't matter: another template may be chosen now.
    """
    gap = claim.gap
    return [
        m
        for m in messages
        if gap and m.outgoing and m.at and gap.may_have_greeted(m.at, claim.occasion_on, claim.zone)
    ]


def may_have_lost_greeting(
    messages: Sequence[ThreadMessage], claim: Claim, our_texts: Collection[str], *, may_miss: bool
) -> bool:
    """Return whether a lost greeting may be there that can't be told from other messages.

    `our_texts` are what Rapport knows to have sent to the person. `may_miss`: the thread may not show all its
    messages.
    """
    if claim.gap is None or not claim.gap.touches(claim.occasion_on, claim.zone):
        return False
    undated = [m for m in messages if m.outgoing and m.at is None]
    return (may_miss and not messages) or any(
        not any(is_same_text(m.text, text) for text in our_texts) for m in undated
    )


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
