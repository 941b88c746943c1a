"""A list that the site fills late and in parts: wait for it, load more of it, and whether it is empty."""

from datetime import timedelta
from typing import Final

from playwright.sync_api import Locator
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from worker.browser.linkedin.ages import mentions_word
from worker.browser.linkedin.lists.rows import is_below_rows, read_rows, read_state, scroll_to_end
from worker.browser.linkedin.site_page import SitePage
from worker.browser.linkedin.words import mentions
from worker.browser.marks import Mark, peek
from worker.clock import monotonic_seconds
from worker.errors import Reason, TryAgainError

_QUIET: Final = timedelta(seconds=3)
"""A list that doesn't change for so long, after scrolling, is at its end."""
_MORE_WAIT: Final = timedelta(seconds=8)
"""After a click on "load more", which promises more."""
_CLICK_WAIT: Final = timedelta(seconds=3)
_POLL_INTERVAL: Final = timedelta(milliseconds=100)
_STILL_POLLS: Final = 3
_EVERY_HREF: Final = "(links) => links.map((link) => link.getAttribute('href'))"


def find_root(site: SitePage, mark: Mark) -> Locator:
    """Return the part of the page that holds the list. Raises TryAgainError if there is none."""
    found = peek(site.page, mark)
    if found is None:
        raise TryAgainError(Reason.SITE_UNEXPECTED, f"the page doesn't show {mark.name}")
    return found.elements.first


def wait_for_rows(site: SitePage, mark: Mark, noun: str) -> None:
    """Wait until the list has a row, or has said for a while that it is empty, or until time is up.

    Raises StopAccountError for a wall that comes meanwhile.
    """
    said_since: float | None = None
    until = monotonic_seconds() + site.timeout.total_seconds()
    while monotonic_seconds() < until:
        site.check_walls()
        if found := peek(site.page, mark):
            root = found.elements.first
            if read_rows(root).rows:
                _wait_until_still(site, root)
                return
            if not says_none(root, site.language(), noun):
                said_since = None
            elif said_since is None:
                said_since = monotonic_seconds()
            elif monotonic_seconds() - said_since > _quiet(site).total_seconds():
                return
        _pause(site)


def load_more(site: SitePage, root: Locator, button: Mark) -> bool:
    """Click the button below the list, or else scroll to its end; return whether other rows have come."""
    before = _links(root)
    site.check_walls()
    wait = min(_MORE_WAIT, site.timeout / 2) if _click(root, button) else _quiet(site)
    scroll_to_end(root)
    until = monotonic_seconds() + wait.total_seconds()
    while monotonic_seconds() < until:
        _pause(site)
        site.check_walls()
        if _links(root) - before:
            _wait_until_still(site, root)
            return True
    return False


def _wait_until_still(site: SitePage, root: Locator) -> None:
    """Wait until the rows stop coming, which come one by one."""
    shown, quiet, until = _links(root), 0, monotonic_seconds() + _quiet(site).total_seconds()
    while quiet < _STILL_POLLS and monotonic_seconds() < until:
        _pause(site)
        now = _links(root)
        quiet = quiet + 1 if now == shown else 0
        shown = now


def is_empty(site: SitePage, mark: Mark, noun: str) -> bool:
    """Return whether a list without rows says that it is empty.

    Known words say so, or the current tab above a list that the site has filled with something else. A list
    that has nothing at all may still be on its way.
    """
    root = find_root(site, mark)
    if says_none(root, site.language(), noun):
        return True
    state = read_state(root)
    return state.current and state.furnished and not state.busy


def says_none(root: Locator, language: str | None, noun: str) -> bool:
    """Return whether a short text says that there are none, such as "No birthdays today"."""
    return any(
        mentions(noun, text, language) and mentions_word("none", text, language)
        for text in read_state(root).texts
    )


def _click(root: Locator, button: Mark) -> bool:
    found = peek(root, button)
    if found is None or not is_below_rows(found.elements.last, root):
        return False
    try:
        found.elements.last.click(timeout=_CLICK_WAIT / timedelta(milliseconds=1))
    except PlaywrightTimeoutError:
        return False  # something covers it; scrolling may do
    return True


def _links(root: Locator) -> set[str]:
    return set(root.locator("a[href*='/in/']").evaluate_all(_EVERY_HREF))


def _quiet(site: SitePage) -> timedelta:
    return min(_QUIET, site.timeout / 4)


def _pause(site: SitePage) -> None:
    # the page's own events run meanwhile
    site.page.wait_for_timeout(_POLL_INTERVAL / timedelta(milliseconds=1))
