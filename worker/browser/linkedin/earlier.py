"""Find an earlier conversation that the page of a new message doesn't show.

It was never seen for certain whether that page shows earlier messages. An empty page doesn't prove that
nothing was written, so the list beside it is read. The list has names only, so conversations with somebody
of this name are opened until one is the person's, by id. LinkedIn marks each opened conversation as read.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from worker import clock
from worker.browser.linkedin.conversation import Person, find_address, find_conversation_of
from worker.browser.linkedin.inbox import list_filled_rows
from worker.browser.linkedin.marks import inbox as marks
from worker.browser.linkedin.panes import Pane, read_view
from worker.browser.linkedin.site_page import SitePage
from worker.browser.linkedin.words import fold
from worker.browser.marks import peek

_MOST_OPENED: Final = 3
_CLICK_WAIT: Final = timedelta(seconds=2)
_OPEN_WAIT: Final = timedelta(seconds=6)


def is_listed(site: SitePage, name: str) -> bool:
    """Return whether the list beside a new message has a conversation with somebody of this name."""
    return bool(_list_places(site, name))


def open_earlier(site: SitePage, person: Person, name: str, pause: Callable[[], None]) -> Pane | None:
    """Open the listed conversations with somebody of this name; return the person's, or None if none is."""
    for place in _list_places(site, name)[:_MOST_OPENED]:
        listed = peek(site.page, marks.LIST)
        if listed is None:
            return None
        row = listed.elements.first.locator(marks.ROWS).nth(place)
        try:
            row.locator(marks.NAME).first.click(timeout=_CLICK_WAIT / timedelta(milliseconds=1))
        except PlaywrightTimeoutError:
            continue
        if pane := _await_opened(site, person, pause):
            return pane
    return None


def _await_opened(site: SitePage, person: Person, pause: Callable[[], None]) -> Pane | None:
    """Wait for the conversation that a row opens; return it if it is the person's."""
    until = clock.monotonic_seconds() + min(_OPEN_WAIT, site.timeout).total_seconds()
    while clock.monotonic_seconds() < until:
        view = read_view(site)
        pane = find_conversation_of(site, view, person)
        if pane is not None and pane.raw_bubbles:
            return pane
        others = [each for each in view.panes if not each.is_overlay and each.heads]
        if any(not person.has(find_address(site, each)) for each in others):
            return None
        pause()
    return None


def _list_places(site: SitePage, name: str) -> list[int]:
    listed = peek(site.page, marks.LIST)
    if listed is None or not name:
        return []
    return [at for at, row in list_filled_rows(listed.elements.first) if fold(row.name) == fold(name)]
