"""A profile: open it, and read whose it is and how the account is connected with the person."""

from collections.abc import Collection
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from worker.browser.linkedin.marks.profile import MAIN, READ_CARDS, TOP_CARD
from worker.browser.linkedin.page_text import address_of
from worker.browser.linkedin.people.sections import read_sections
from worker.browser.linkedin.people.top_card import (
    Card,
    CardsRead,
    Connection,
    OpenProfile,
    choose_card,
    read_card,
)
from worker.browser.linkedin.site_page import SITE, SitePage
from worker.browser.linkedin.words import is_word
from worker.browser.marks import MEMORY, Form, shown
from worker.clock import monotonic_seconds
from worker.errors import NeverError, Reason, StopAccountError, TryAgainError
from worker.rules.people.addresses import is_member_url
from worker.rules.people.identity import PersonKeys
from worker.rules.sourcing.profile import Profile, Section

__all__ = ["Connection", "OpenProfile", "open_profile", "read_open_profile", "read_profile"]

_STATE_WAIT: Final = timedelta(seconds=4)
"""The controls and the degree may come after the name."""
_VISIT: Final = timedelta(seconds=4)
"""A wall may come in place of the profile, under its own address, seconds after the page has loaded."""
_POLL: Final = timedelta(milliseconds=200)
_CONTENT: Final = 400
"""Characters of a main part that has loaded. An empty shell has fewer."""


def open_profile(site_page: SitePage, address: str) -> OpenProfile:
    """Open the profile at a canonical address, by slug or by member id, and read its top card.

    Raises NeverError(PROFILE_GONE) if there is no such profile, StopAccountError for a wall, or if the page
    names two persons or has no top card; TryAgainError if the page isn't the expected one.
    """
    site_page.open(urlsplit(address).path, MAIN)
    return read_open_profile(site_page, address)


def read_open_profile(site_page: SitePage, address: str | None = None) -> OpenProfile:
    """Read the top card of the profile that is open, which was opened at `address`. Raises as `open_profile`.

    Waits until the card shows how the account is connected, a few seconds at most.
    """
    with site_page.translate("read the profile"):
        profile = _wait_for_card(site_page, address)
        site_page.check_walls()
    member = profile.keys.member_url
    if address and is_member_url(address, SITE) and member not in {None, address}:
        raise TryAgainError(Reason.SITE_UNEXPECTED, "the profile that opened is somebody else's")
    return profile


def read_profile(
    site_page: SitePage, address: str, wanted: Collection[Section]
) -> tuple[PersonKeys, Profile]:
    """Open the profile at a canonical address, and read its head and the wanted sections.

    Returns the keys of the profile too: afterwards a page of its details may be open. Raises as
    `open_profile`, and TryAgainError where the site led to the profile at another address.
    """
    opened = open_profile(site_page, address)
    started = monotonic_seconds()
    if address not in opened.keys.addresses:
        raise TryAgainError(Reason.SITE_UNEXPECTED, "the profile that opened is somebody else's")
    profile = Profile(
        opened.keys.profile_url or address,
        opened.name,
        opened.headline,
        opened.location,
        opened.degree,
        opened.open_to_work,
    )
    with site_page.translate("read the sections of the profile"):
        profile = read_sections(site_page, profile, wanted)
        _stay(site_page, monotonic_seconds() - started)
    site_page.check_walls()
    return opened.keys, profile


def _stay(site_page: SitePage, seconds: float) -> None:
    """Stay on the profile until a wall that comes late would have come."""
    rest = min(_VISIT, site_page.timeout) - timedelta(seconds=seconds)
    if rest > timedelta():
        site_page.page.wait_for_timeout(rest / timedelta(milliseconds=1))


def _wait_for_card(site_page: SitePage, asked: str | None) -> OpenProfile:
    """Poll until two readings agree and the card is complete, or the wait is over."""
    started = monotonic_seconds()
    before: OpenProfile | None = None
    while True:
        form, profile = _read(site_page, asked)
        waited = timedelta(seconds=monotonic_seconds() - started)
        is_complete = profile is not None and profile.connection is not Connection.UNKNOWN
        is_over = waited >= min(site_page.timeout, _STATE_WAIT if profile else site_page.timeout)
        if (is_complete and profile == before) or is_over:
            MEMORY.count(TOP_CARD, form)
            return profile or _refuse(site_page)
        if profile is None:
            site_page.check_walls()
        before = profile
        # the page's own events run meanwhile
        site_page.page.wait_for_timeout(_POLL / timedelta(milliseconds=1))


def _read(site_page: SitePage, asked: str | None) -> tuple[Form | None, OpenProfile | None]:
    """Read the card by the first form of the mark that gives a certain one."""
    shown_at = address_of(urlsplit(site_page.page.url).path)
    if shown_at is None:
        _refuse_other_page(site_page)
        return None, None
    for form in MEMORY.order(TOP_CARD):
        read: CardsRead = shown(site_page.page, form.selector).evaluate_all(READ_CARDS)
        card: Card | None = choose_card(read, shown_at, asked or shown_at)
        if card is not None:
            return form, read_card(card, read, shown_at, site_page.language())
    return None, None


def _refuse_other_page(site_page: SitePage) -> None:
    site_page.check_walls()
    site_page.check_gone()
    raise TryAgainError(Reason.SITE_UNEXPECTED, "the site opened another page than the profile")


def _refuse(site_page: SitePage) -> OpenProfile:
    """Raise what the page without a top card is: a wall, a profile that is gone, drift, or not loaded."""
    site_page.check_walls()
    language = site_page.language()
    headings = shown(site_page.page, "h1, h2, [role=heading]").all_inner_texts()
    if any(is_word("profile_gone", text, language) for text in headings):
        raise NeverError(Reason.PROFILE_GONE, "the profile no longer exists")
    if sum(map(len, shown(site_page.page, "main, [role=main]").all_inner_texts())) > _CONTENT:
        raise StopAccountError(
            Reason.SITE_CHANGED, "a profile has no top card that Rapport knows; a person must look at it"
        )
    raise TryAgainError(Reason.SITE_UNEXPECTED, "the profile didn't load")
