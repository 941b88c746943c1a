"""One Chromium a process, one context an account.

Not for use by more than one thread: Playwright's synchronous objects belong to the thread that made them.
A process that forks makes its pool after the fork.
"""

import contextlib
import json
import logging
import re
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Self

from playwright.sync_api import Browser, BrowserContext, Page, Playwright
from playwright.sync_api import Error as PlaywrightError

from worker.browser.chromium import (
    INSTALL_HINT,
    NAMESPACES_FORBIDDEN,
    find_chromium,
    find_sandbox_obstacle,
    is_sandbox_error,
    launch_switches,
)
from worker.browser.driver import start_driver
from worker.browser.errors import translate_errors
from worker.errors import ConfigurationError
from worker.settings import browser_environment

log = logging.getLogger(__name__)  # silent in a command, which sets up no logging

_PROBE_TIMEOUT = timedelta(seconds=2)
_HEAVY = re.compile(
    r"\.(png|jpe?g|gif|webp|avif|svg|ico|mp[34]|m4[av]|webm|og[gv]|woff2?|ttf|otf)(\?|$)", re.IGNORECASE
)


@dataclass(slots=True)
class _Warm:
    """An account's context. `known` are the storage states that it was made from or has given out."""

    context: BrowserContext
    page: Page
    known: set[str] = field(default_factory=set)
    crashed: bool = False


class BrowserPool:
    """Keeps Chromium: starts it at the first need, anew after a crash, and takes it along when closed."""

    def __init__(
        self,
        *,
        chromium: Path | None = None,
        headless: bool = True,
        timeout: timedelta = timedelta(seconds=15),
        load_media: bool = False,
    ) -> None:
        self._chromium = chromium
        self._headless = headless
        self._timeout = timeout
        self._load_media = load_media
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None
        self._warm: dict[int, _Warm] = {}
        self._no_sandbox = find_sandbox_obstacle()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def page_for(self, account_id: int, storage_state: str | None) -> Page:
        """The account's one page, signed in as the storage state says.

        The page of last time, if it still lives and was made from this state (or gave it out since);
        else a new context. Starts a new Chromium where there is none or where it died.
        Raises ConfigurationError where there is no Chromium to start.
        """
        warm = self._warm.get(account_id)
        if warm is not None and _key(storage_state) in warm.known and _answers(warm):
            return warm.page
        self.drop(account_id)
        try:
            warm = self._new_context(storage_state)
        except PlaywrightError:
            # Chromium or its driver died since the last use: once more, with new ones.
            self.close()
            with translate_errors("open a browser"):
                warm = self._new_context(storage_state)
        self._warm[account_id] = warm
        return warm.page

    def storage_state(self, account_id: int) -> str:
        """Cookies and local storage as JSON, to be kept encrypted. Raises KeyError if not open."""
        warm = self._warm[account_id]
        with translate_errors("read the session"):
            state = json.dumps(warm.context.storage_state())
        warm.known.add(_key(state))
        return state

    def drop(self, account_id: int) -> None:
        """Close the account's context; the next use starts from its storage state again."""
        warm = self._warm.pop(account_id, None)
        if warm is not None:
            # a context whose browser died can't be closed, and needn't be
            with contextlib.suppress(PlaywrightError):
                warm.context.close()

    def is_alive(self) -> bool:
        """Whether a Chromium runs, as far as is known without asking it."""
        return self._browser is not None and self._browser.is_connected()

    def no_sandbox(self) -> str | None:
        """Why Chromium runs without its own sandbox, or None where it has one. Starts it to find out.

        Raises ConfigurationError where there is no Chromium to start, a site's error where it does not.
        """
        with translate_errors("open a browser"):
            self._running()
        return self._no_sandbox

    def close(self) -> None:
        """Close all contexts, Chromium and its driver. The pool may be used again: that starts anew."""
        for account_id in list(self._warm):
            self.drop(account_id)
        browser, self._browser = self._browser, None
        playwright, self._playwright = self._playwright, None
        with contextlib.suppress(PlaywrightError):
            if browser is not None:
                browser.close()
        if playwright is not None:
            playwright.stop()

    def _new_context(self, storage_state: str | None) -> _Warm:
        browser = self._running()
        context = browser.new_context(
            storage_state=json.loads(storage_state) if storage_state else None,
            viewport={"width": 1280, "height": 900},
        )
        timeout_ms = self._timeout / timedelta(milliseconds=1)
        context.set_default_timeout(timeout_ms)
        context.set_default_navigation_timeout(timeout_ms)
        if not self._load_media:
            context.route(_HEAVY, lambda route: route.abort())
        warm = _Warm(context, context.new_page(), {_key(storage_state)})

        def crashed(_: Page) -> None:
            warm.crashed = True

        warm.page.on("crash", crashed)
        return warm

    def _running(self) -> Browser:
        if self._browser is not None and self._browser.is_connected():
            return self._browser
        if self._chromium is not None and not self._chromium.exists():
            raise ConfigurationError(f"RAPPORT_CHROMIUM names {self._chromium}, which does not exist")
        if self._browser is not None:
            self.close()
        if self._playwright is None:
            self._playwright = start_driver(browser_environment(headless=self._headless))
        try:
            self._browser = self._launch(self._playwright)
        except ConfigurationError:
            self.close()
            raise
        return self._browser

    def _launch(self, playwright: Playwright) -> Browser:
        if self._chromium is not None:
            return self._start(playwright, self._chromium)
        try:
            return self._start(playwright, None)
        except PlaywrightError as error:
            if "Executable doesn't exist" not in error.message:
                raise
        found = find_chromium(headless=self._headless)
        if found is None:
            raise ConfigurationError(INSTALL_HINT)
        return self._start(playwright, found)

    def _start(self, playwright: Playwright, executable: Path | None) -> Browser:
        """Start Chromium with its own sandbox. Where it can't have one, it isn't tried again."""
        if self._no_sandbox is None:
            try:
                return self._start_with(playwright, executable, sandbox=True)
            except PlaywrightError as error:
                if not is_sandbox_error(error.message):
                    raise
        browser = self._start_with(playwright, executable, sandbox=False)
        self._no_sandbox = self._no_sandbox or NAMESPACES_FORBIDDEN
        log.info("chromium_without_sandbox", extra={"because": self._no_sandbox})
        return browser

    def _start_with(self, playwright: Playwright, executable: Path | None, *, sandbox: bool) -> Browser:
        return playwright.chromium.launch(
            executable_path=executable,
            headless=self._headless,
            args=launch_switches(load_media=self._load_media),
            chromium_sandbox=sandbox,
        )


def _answers(warm: _Warm) -> bool:
    """Whether the page still runs scripts: asked for, because news of a death arrives only with an answer."""
    if warm.crashed or warm.page.is_closed():
        return False
    try:
        warm.page.wait_for_function(
            "() => true", polling=100, timeout=_PROBE_TIMEOUT / timedelta(milliseconds=1)
        )
    except PlaywrightError:
        return False
    return True


def _key(storage_state: str | None) -> str:
    """One form for states that say the same."""
    return json.dumps(json.loads(storage_state), sort_keys=True) if storage_state else ""
