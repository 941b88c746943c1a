"""An account's browser context: its session, and a page that is closed while the account waits."""

import contextlib
import json
from datetime import timedelta
from typing import Any, Final

from playwright.sync_api import BrowserContext, Page
from playwright.sync_api import Error as PlaywrightError

from worker import metrics

_PROBE_TIMEOUT: Final = timedelta(seconds=2)
_MEDIA: Final = ("Image", "Media", "Font")


class AccountContext:
    """Playwright's context of one account. Raises Playwright's errors, unless a method says otherwise."""

    def __init__(
        self, browser_context: BrowserContext, storage_state: str | None, *, load_media: bool
    ) -> None:
        self.browser_context = browser_context
        self._load_media = load_media
        self._known_states = {_key(storage_state)}
        self._page: Page | None = None
        self._crashed = False

    @property
    def has_page(self) -> bool:
        """Whether its page is open, as far as is known without asking."""
        return self._page is not None

    def knows(self, storage_state: str | None) -> bool:
        """Return whether it was made from this storage state, or has returned it."""
        return _key(storage_state) in self._known_states

    def find_page(self) -> Page | None:
        """Return its page, opened again if it was closed; None if it is dead. Raises nothing."""
        if self._page is not None:
            return self._page if self._is_alive(self._page) else None
        try:
            return self.open_page()
        except PlaywrightError:
            return None

    def open_page(self) -> Page:
        """Open its page."""
        page = self.browser_context.new_page()
        self._crashed = False
        page.on("crash", self._mark_crashed)
        if not self._load_media:
            _refuse_media(page)
            page.on("popup", _close_window)
        self._page = page
        return page

    def close_page(self) -> None:
        """Close its page, and with it a process of Chromium; the session stays. Raises nothing."""
        page, self._page = self._page, None
        if page is not None:
            with contextlib.suppress(PlaywrightError):  # the page of a dead browser can't be closed
                page.close()

    def storage_state(self) -> str:
        """Return cookies, local storage and IndexedDB as JSON, unencrypted."""
        state = json.dumps(self.browser_context.storage_state(indexed_db=True))
        self._known_states.add(_key(state))
        return state

    def close(self) -> None:
        """Close it. Raises nothing."""
        # the context of a dead browser can't be closed, and needn't be
        with contextlib.suppress(PlaywrightError):
            self.browser_context.close()

    def _mark_crashed(self, _: Page) -> None:
        self._crashed = True
        metrics.BROWSER_CRASHES.inc()

    def _is_alive(self, page: Page) -> bool:
        """Return whether the page runs a script. Playwright notices a dead one only when a request fails."""
        if self._crashed or page.is_closed():
            return False
        timeout_ms = _PROBE_TIMEOUT / timedelta(milliseconds=1)
        try:
            page.wait_for_function("() => true", polling=100, timeout=timeout_ms)
        except PlaywrightError:
            return False
        return True


def _refuse_media(page: Page) -> None:
    """Refuse the requests for media that `launch_switches` lets through, such as videos.

    A route of Playwright's would also switch the cache off: each page would load its scripts again.
    """
    session = page.context.new_cdp_session(page)

    def refuse(paused: dict[str, Any]) -> None:
        with contextlib.suppress(PlaywrightError):  # the page may have gone meanwhile
            refused = {"requestId": paused["requestId"], "errorReason": "BlockedByClient"}
            session.send("Fetch.failRequest", refused)

    session.on("Fetch.requestPaused", refuse)
    session.send("Fetch.enable", {"patterns": [{"resourceType": kind} for kind in _MEDIA]})


def _close_window(window: Page) -> None:
    """Close a window that the page has opened: nobody looks at it, and its media aren't refused."""
    with contextlib.suppress(PlaywrightError):  # the browser may have gone meanwhile
        window.close()


def _key(storage_state: str | None) -> str:
    """Return the same text for equal storage states."""
    return json.dumps(json.loads(storage_state), sort_keys=True) if storage_state else ""
