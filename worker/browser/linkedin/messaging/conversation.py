"""One person's conversation among all that are open: chosen by the person's id, never by name or order."""

from collections.abc import Sequence
from dataclasses import dataclass

from worker.browser.linkedin.messaging.message_ids import MessageId, is_conversation_page, read_message_id
from worker.browser.linkedin.messaging.panes import Pane, View
from worker.browser.linkedin.messaging.proof import Bubble
from worker.browser.linkedin.site_page import ORIGIN, SITE, SitePage
from worker.errors import Reason, StopAccountError, TryAgainError
from worker.rules.people.addresses import is_member_url


@dataclass(frozen=True, slots=True)
class Person:
    """The person to write to. `profile_url` is set where the profile at this address showed the id."""

    member_url: str
    profile_url: str | None = None

    def has(self, address: str | None) -> bool:
        """Return whether an address is this person's."""
        return address is not None and address in {self.member_url, self.profile_url}


def find_address(site: SitePage, pane: Pane) -> str | None:
    """Return the address of the person whose conversation it is; None for a group, and if it isn't certain.

    A new message shows names only: its person is the `recipient` of the page's address, if there is exactly
    one recipient. A window for a new message beside the page's own may be to anybody, so it never counts. The
    senders of the messages must not be others.
    """
    if pane.heads:
        named = {site.person_of(href) for href in pane.heads}
    elif pane.pills == 1 and not is_window(pane) and not is_conversation_page(pane.url):
        named = {site.member_of(pane.url)}
    else:
        return None
    address = named.pop() if len(named) == 1 else None
    return address if address and not _list_strangers(site, pane, address) else None


def is_window(pane: Pane) -> bool:
    """Return whether it is a window beside the page's own conversation, by its marks or its place."""
    return pane.is_overlay or pane.is_beside


def _list_strangers(site: SitePage, pane: Pane, address: str) -> set[str]:
    """Return the addresses by member id of senders who are neither this person nor the account."""
    ids = [found for raw in pane.raw_bubbles if (found := read_message_id(raw["urn"]))]
    own = {f"{ORIGIN}/in/{found.owner}/" for found in ids}
    senders = {site.member_of(href) for raw in pane.raw_bubbles for href in raw["senders"]}
    if not is_member_url(address, SITE):
        return set()
    return {each for each in senders if each is not None} - own - {address}


def find_conversation_of(site: SitePage, view: View, person: Person) -> Pane | None:
    """Return the person's conversation, or None. Raises TryAgainError if it isn't certain which one it is."""
    ours = [pane for pane in view.panes if person.has(find_address(site, pane))]
    if len(ours) > 1:
        raise TryAgainError(
            Reason.COMPOSER_OCCUPIED, "two conversations with this person are open; close one of them"
        )
    if ours and any(is_window(pane) and not pane.heads for pane in view.panes if pane is not ours[0]):
        raise TryAgainError(
            Reason.COMPOSER_OCCUPIED, "a window for a new message is open beside it; send it or close it"
        )
    return ours[0] if ours else None


def read_bubbles(site: SitePage, pane: Pane, person: Person) -> list[Bubble]:
    """Return the messages that are loaded, oldest first; those without an id from the server come last."""
    bubbles = []
    for raw in pane.raw_bubbles:
        found = read_message_id(raw["urn"])
        senders = {site.person_of(href) for href in raw["senders"]} - {None}
        own = _is_own(raw["other"], senders, found, person)
        bubbles.append(Bubble(found, own, raw["text"] or "", is_text_known=raw["text"] is not None))
    dated = sorted((each for each in bubbles if each.id), key=lambda each: each.id.at if each.id else 0)
    return [*dated, *(each for each in bubbles if each.id is None)]


def _is_own(
    is_other: bool | None, senders: set[str | None], found: MessageId | None, person: Person
) -> bool | None:
    """Return whether the account wrote it, by the mark of the other side and the sender's link.

    None if neither says it, or if they contradict each other.
    """
    owner = f"/in/{found.owner}/" if found else None
    by_link = {
        False if person.has(each) else True if owner and each and each.endswith(owner) else None
        for each in senders
    } - {None}
    said = by_link | ({not is_other} if is_other is not None else set())
    return said.pop() if len(said) == 1 else None


def require_readable(bubbles: Sequence[Bubble]) -> None:
    """Raise StopAccountError if the page no longer shows what was written, by whom and when."""
    if not bubbles:
        return
    if all(each.id is None for each in bubbles):
        raise StopAccountError(
            Reason.SITE_CHANGED,
            "no message of a conversation has an id of the known form, so nothing could be proven; "
            "run `rapport selectors check ACCOUNT`",
        )
    if not any(each.is_text_known for each in bubbles):
        raise StopAccountError(
            Reason.SITE_CHANGED,
            "a conversation doesn't show its texts in a known form; run rapport selectors check",
        )
    if any(each.own is None and each.id is not None for each in bubbles):
        raise StopAccountError(
            Reason.SITE_CHANGED,
            "a conversation doesn't show which messages are the account's own; run `rapport selectors check "
            "ACCOUNT`",
        )
