"""Open the conversation with one person by its own address, and wait until it has loaded.

The address is that of a new message to a member id. The site may show an earlier conversation there, or lead
to that conversation's page. An address never opens an overlay among others, as a click may.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final, NoReturn
from urllib.parse import urlsplit

from playwright.sync_api import Request, Response

from worker import clock
from worker.browser.linkedin.marks import messaging as marks
from worker.browser.linkedin.messaging.composer import require_message
from worker.browser.linkedin.messaging.conversation import Person, find_address, find_conversation_of
from worker.browser.linkedin.messaging.earlier import list_places, open_earlier
from worker.browser.linkedin.messaging.message_ids import is_conversation_page
from worker.browser.linkedin.messaging.panes import Pane, View, read_view
from worker.browser.linkedin.people.profile import Connection, open_profile
from worker.browser.linkedin.site_page import SITE, SitePage
from worker.browser.linkedin.walls import LIMIT_STATUS, has_navigation
from worker.browser.linkedin.words import is_word
from worker.browser.marks import find, peek, shown
from worker.errors import NeverError, PremiumWallError, Reason, StopAccountError, TryAgainError
from worker.rules.people.addresses import is_member_url

_COMPOSER_WAIT: Final = timedelta(seconds=10)
_HISTORY_WAIT: Final = timedelta(seconds=3)
"""How long an earlier conversation may take to appear where a new message is offered."""
POLL_INTERVAL: Final = timedelta(milliseconds=150)


def find_person(site: SitePage, profile_url: str, member_url: str | None) -> Person:
    """Return the person by member id, which a profile shows where only its address is known.

    Raises NeverError if the profile shows that the account isn't connected with them.
    """
    known = profile_url if is_member_url(profile_url, SITE) else member_url
    if known is not None:
        return Person(known)
    return _look_up(site, profile_url)


def _look_up(site: SitePage, address: str) -> Person:
    profile = open_profile(site, address)
    if profile.connection in {Connection.NOT_CONNECTED, Connection.PENDING}:
        raise NeverError(Reason.NOT_CONNECTED, "the profile shows that the account isn't connected")
    if profile.connection is Connection.OWN:
        raise NeverError(Reason.WRONG_RECIPIENT, "the profile is the account's own")
    if profile.keys.member_url is None:
        raise StopAccountError(
            Reason.SITE_CHANGED,
            "a profile shows no member id, by which a recipient is checked; run `rapport selectors check "
            "ACCOUNT`",
        )
    return Person(profile.keys.member_url, profile.keys.profile_url)


def open_conversation(site: SitePage, person: Person) -> tuple[Person, bool]:
    """Open the person's conversation, and return them with the keys that the pages showed.

    Also returns whether there may be earlier messages that no page shows: then an empty conversation proves
    nothing.

    Raises NeverError if they can't be written to, StopAccountError for a wall, a hold on the account or a
    changed page, TryAgainError otherwise.
    """
    with _count_refusals(site) as refused:
        pane = _await_pane(site, person)
        if pane is None and _is_by_slug(site):
            # the page names its person by an address; the profile says whose address that is
            person = _look_up(site, person.member_url)
            pane = _await_pane(site, person)
        if pane is None and not _offers_something_else(site):
            pane = _await_pane(site, person)  # the second such page of a session was seen without a composer
        if pane is None:
            _refuse(site, person, refused)
        pane = _await_history(site, person, refused)
        may_miss = False
        if not pane.raw_bubbles and pane.pills:
            pane, may_miss = _find_earlier(site, person, pane, refused)
    if not pane.raw_bubbles and (refused or is_conversation_page(pane.url) or pane.is_loading):
        raise TryAgainError(Reason.SITE_UNEXPECTED, "the earlier messages of the conversation didn't load")
    require_message(pane)
    _count_marks(pane)
    return person, may_miss


def _count_marks(pane: Pane) -> None:
    """Count which forms match. A conversation may have no message, or none of the other side."""
    for mark in (marks.COMPOSER, marks.RECIPIENT, marks.SEND):
        find(pane.frame, mark)
    for mark in (marks.MESSAGE, marks.INCOMING):
        if peek(pane.frame, mark) is not None:
            find(pane.frame, mark)


def _await_pane(site: SitePage, person: Person) -> Pane | None:
    """Open the address, and wait for the person's composer; None if there is none."""
    site.open(f"/messaging/compose/?recipient={person.member_url.rstrip('/').rpartition('/')[2]}")
    until = clock.monotonic_seconds() + min(_COMPOSER_WAIT, site.timeout).total_seconds()
    while clock.monotonic_seconds() < until:
        site.check_walls()
        view = _read(site)
        with site.translate("find the conversation"):
            pane = find_conversation_of(site, view, person)
        if pane is not None:
            return pane
        _pause(site)
    return None


def _await_history(site: SitePage, person: Person, refused: list[int]) -> Pane:
    """Wait until the conversation's messages are shown, or until none can be expected any more."""
    started = clock.monotonic_seconds()
    known = -1
    while True:
        site.check_walls()
        pane = find_conversation_of(site, _read(site), person)
        waited = timedelta(seconds=clock.monotonic_seconds() - started)
        if pane is not None:
            if pane.raw_bubbles and not pane.is_loading and len(pane.raw_bubbles) == known:
                return pane
            known = len(pane.raw_bubbles)
            needed = (
                _COMPOSER_WAIT if is_conversation_page(site.page.url) or pane.is_loading else _HISTORY_WAIT
            )
            if waited >= min(needed, site.timeout):
                return pane
        elif waited >= min(_COMPOSER_WAIT, site.timeout):
            if _offers_something_else(site):
                _refuse(site, person, refused)
            raise TryAgainError(Reason.SITE_UNEXPECTED, "the conversation has closed again")
        _pause(site)


def _find_earlier(site: SitePage, person: Person, new: Pane, refused: list[int]) -> tuple[Pane, bool]:
    """Return the earlier conversation with the person if the list has one, else that of a new message.

    Also returns whether one may be missed, because the list can't be read.
    """
    with site.translate("look for an earlier conversation"):
        places = list_places(site, new.name)
        if not places:
            return new, places is None
        earlier = open_earlier(site, person, places)
    if earlier is None and _await_pane(site, person) is None:
        raise TryAgainError(Reason.SITE_UNEXPECTED, "the page of a new message didn't open again")
    return _await_history(site, person, refused), False


def _refuse(site: SitePage, person: Person, refused: list[int]) -> NoReturn:
    """Raise the error that says why there is no composer for this person."""
    view = _read(site)
    site.check_walls()
    if refused:
        raise TryAgainError(Reason.SITE_UNEXPECTED, "LinkedIn answers no requests of its own page now")
    if any(find_address(site, pane) for pane in view.panes if not pane.is_overlay):
        raise NeverError(Reason.WRONG_RECIPIENT, "the conversation that opened is somebody else's")
    if any(not pane.is_overlay and pane.pills > 1 for pane in view.panes):
        raise TryAgainError(
            Reason.COMPOSER_OCCUPIED, "a new message to several people is open; send it or delete it"
        )
    if any(not pane.is_overlay for pane in view.panes) and not view.has_subject:
        raise StopAccountError(
            Reason.SITE_CHANGED,
            "a conversation doesn't show by id whom it is with, so nothing is written; "
            "run `rapport selectors check ACCOUNT`",
        )
    with site.translate("read the page"):
        has_bar = has_navigation(site.page)
    if not has_bar:
        raise StopAccountError(
            Reason.SITE_CHANGED, "LinkedIn shows an unknown page; a person must look at it"
        )
    if view.has_subject:
        raise NeverError(Reason.NOT_CONNECTED, "the site asks for a subject: it would be an InMail")
    if not _has_premium(view):
        with site.translate("read the page"):
            is_empty = not any(map(str.strip, shown(site.page, "main, [role=main]").all_inner_texts()))
        if is_empty:
            raise TryAgainError(Reason.SITE_UNEXPECTED, "the page of a new message didn't load")
        raise NeverError(Reason.NOT_CONNECTED, "the site offers no way to write to this person")
    if open_profile(site, person.member_url).connection is not Connection.CONNECTED:
        raise PremiumWallError
    raise StopAccountError(
        Reason.ACCOUNT_HELD,
        "LinkedIn asks for Premium to write to a connection: it holds the account back; "
        "write by hand or wait some days",
    )


def _offers_something_else(site: SitePage) -> bool:
    """Return whether the page shows something in place of the composer, or somebody else's conversation."""
    view = _read(site)
    return _has_premium(view) or view.has_subject or any(not pane.is_overlay for pane in view.panes)


def _has_premium(view: View) -> bool:
    return view.has_premium or any(is_word("premium", text, None) for text in view.headings)


def _is_by_slug(site: SitePage) -> bool:
    """Return whether the page's own conversation names its person by an address that isn't a member id."""
    addresses = [find_address(site, pane) for pane in _read(site).panes if not pane.is_overlay]
    return any(address and not is_member_url(address, SITE) for address in addresses)


def _read(site: SitePage) -> View:
    with site.translate("find the conversation"):
        return read_view(site)


def _pause(site: SitePage) -> None:
    with site.translate("wait for the page"):
        # the page's own events run meanwhile
        site.page.wait_for_timeout(POLL_INTERVAL / timedelta(milliseconds=1))


@contextmanager
def _count_refusals(site: SitePage) -> Iterator[list[int]]:
    """Collect the page's own requests that fail: a list that looks empty then says nothing.

    Collects their statuses, 0 for one without an answer.
    """
    refused: list[int] = []

    def is_own(request: Request) -> bool:
        is_call = request.resource_type in {"xhr", "fetch"}
        return is_call and urlsplit(request.url).netloc == urlsplit(site.page.url).netloc

    def note(response: Response) -> None:
        # requests for other things are forbidden on healthy pages, too
        is_forbidden = response.status in {401, 403} and "messag" in urlsplit(response.url).path.casefold()
        is_refused = is_forbidden or response.status in LIMIT_STATUS or response.status >= 500
        if is_refused and is_own(response.request):
            refused.append(response.status)

    def note_failed(request: Request) -> None:
        # opening another page aborts what the last one still asked for
        if is_own(request) and "ERR_ABORTED" not in (request.failure or ""):
            refused.append(0)

    site.page.on("response", note)
    site.page.on("requestfailed", note_failed)
    try:
        yield refused
    finally:
        site.page.remove_listener("response", note)
        site.page.remove_listener("requestfailed", note_failed)
