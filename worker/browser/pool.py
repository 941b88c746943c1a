"""A pool of browser contexts: one Chromium per process, one context per account.

Use it from one thread only: Playwright's synchronous objects belong to the thread that made them. A process
that forks creates its pool after the fork.
"""

import contextlib
import json
import logging
from datetime import timedelta
from pathlib import Path
from typing import Self

from playwright.sync_api import Browser, Page, Playwright
from playwright.sync_api import Error as PlaywrightError

from worker import metrics
from worker.browser.account_context import AccountContext
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
from worker.browser.temporary_folder import TemporaryFolder
from worker.browser.traces.recorder import Recorder, Recording
from worker.browser.wear import BrowserLimits, Wear
from worker.errors import ConfigurationError
from worker.settings import browser_environment

log = logging.getLogger(__name__)  # silent in a command, which sets up no logging


class BrowserPool:
    """Owns Chromium: starts it at the first use and again after a crash, and closes it with the pool."""

    def __init__(
        self,
        *,
        chromium: Path | None = None,
        headless: bool = True,
        timeout: timedelta = timedelta(seconds=15),
        load_media: bool = False,
        limits: BrowserLimits = BrowserLimits(),  # noqa: B008 -- it can't be changed
        open_pages: int = 2,
    ) -> None:
        self._chromium = chromium
        self._headless = headless
        self._timeout = timeout
        self._load_media = load_media
        self._limits = limits
        self._open_pages = open_pages
        self._wear = Wear()
        self._folder: TemporaryFolder | None = None
        self._recorder: Recorder | None = None
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None
        self._contexts: dict[int, AccountContext] = {}  # the last one was used last
        self._sandbox_obstacle = find_sandbox_obstacle()
        self._next_start = "start"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def page_for(self, account_id: int, storage_state: str | None) -> Page:
        """Return the account's page, signed in by the storage state (JSON), or signed out for None.

        Reuses the page of an earlier call if it is open and alive and has this storage state. Of the pages of
        other accounts, only those used last stay open, `open_pages` in all: each takes a process of Chromium.
        Their contexts stay, with the session. Starts Chromium if none runs. Raises ConfigurationError if
        there is no Chromium to start.
        """
        self._close_waiting_pages(account_id)
        context = self._contexts.get(account_id)
        if context is not None and context.knows(storage_state) and (page := context.find_page()) is not None:
            self._contexts[account_id] = self._contexts.pop(account_id)
            return page
        self.close_context(account_id)
        try:
            return self._open_context(account_id, storage_state)
        except PlaywrightError:
            # Chromium or its driver has died since the last use: retry once with new ones.
            if self._browser is not None:
                self._count_crash()
            self.close()
            with translate_errors("open a browser"):
                return self._open_context(account_id, storage_state)

    def storage_state(self, account_id: int) -> str:
        """Return cookies, local storage and IndexedDB as JSON, unencrypted.

        Raises KeyError without an open context.
        """
        context = self._contexts[account_id]
        with translate_errors("read the session"):
            return context.storage_state()

    def record(self, account_id: int) -> None:
        """Record the account's open context, until `save_recording` or `discard_recording`.

        A recorded context keeps Playwright's script in its pages until it is closed.
        """
        if self._recorder is not None:
            self._recorder.start(self._contexts[account_id].browser_context)

    def save_recording(self) -> Recording | None:
        """Stop recording, and return the recording, which isn't masked; None if nothing was recorded."""
        return None if self._recorder is None else self._recorder.save()

    def discard_recording(self) -> None:
        """Stop recording, and delete what was recorded."""
        if self._recorder is not None:
            self._recorder.discard()

    def close_context(self, account_id: int) -> None:
        """Close the account's context. The next use creates one from a storage state."""
        context = self._contexts.pop(account_id, None)
        if context is not None:
            context.close()

    def is_alive(self) -> bool:
        """Return whether Chromium is believed to run, without sending it a request."""
        return self._browser is not None and self._browser.is_connected()

    def find_sandbox_obstacle(self) -> str | None:
        """Start Chromium, and return why it runs without its own sandbox, or None if it has one.

        Raises ConfigurationError if there is no Chromium, TryAgainError if it doesn't start.
        """
        with translate_errors("open a browser"):
            self._get_browser()
        return self._sandbox_obstacle

    def close(self) -> None:
        """Close all contexts, Chromium and its driver. Another use of the pool starts them again."""
        for account_id in list(self._contexts):
            self.close_context(account_id)
        browser, self._browser = self._browser, None
        playwright, self._playwright = self._playwright, None
        with contextlib.suppress(PlaywrightError):
            if browser is not None:
                browser.close()
        if playwright is not None:
            playwright.stop()
        folder, self._folder, self._recorder = self._folder, None, None
        if folder is not None:
            folder.delete()

    def close_if_worn(self) -> None:
        """Count a use, and close the browser if it is too old, too big or used too often.

        Call it between two uses: the next one starts another browser.
        """
        if self._browser is None:
            return
        if why := self._wear.add_use(self._limits):
            log.info("browser_closed", extra={"because": why})
            self.close()
            self._next_start = "recycled"

    def _close_waiting_pages(self, account_id: int) -> None:
        """Close the pages that were used longest ago, so that there is a place for this account's."""
        others = [each for number, each in self._contexts.items() if number != account_id and each.has_page]
        for context in others[: max(0, len(others) + 1 - self._open_pages)]:
            context.close_page()

    def _open_context(self, account_id: int, storage_state: str | None) -> Page:
        browser_context = self._get_browser().new_context(
            storage_state=json.loads(storage_state) if storage_state else None,
            viewport={"width": 1280, "height": 900},
        )
        timeout_ms = self._timeout / timedelta(milliseconds=1)
        browser_context.set_default_timeout(timeout_ms)
        browser_context.set_default_navigation_timeout(timeout_ms)
        context = AccountContext(browser_context, storage_state, load_media=self._load_media)
        page = context.open_page()
        self._contexts[account_id] = context
        return page

    def _get_browser(self) -> Browser:
        if self._browser is not None and self._browser.is_connected():
            return self._browser
        if self._chromium is not None and not self._chromium.exists():
            raise ConfigurationError(f"RAPPORT_CHROMIUM names {self._chromium}, which does not exist")
        if self._browser is not None:
            self._count_crash()
            self.close()
        if self._playwright is None:
            self._folder = self._folder or TemporaryFolder.acquire()
            self._recorder = Recorder(self._folder.path / "traces")
            environment = browser_environment(headless=self._headless)
            self._playwright = start_driver({**environment, "TMPDIR": str(self._folder.path)})
        try:
            self._browser = self._launch(self._playwright)
            self._wear = Wear()
        except ConfigurationError:
            self.close()
            raise
        metrics.BROWSER_STARTS.labels(self._next_start).inc()
        self._next_start = "start"
        return self._browser

    def _count_crash(self) -> None:
        self._next_start = "crashed"
        metrics.BROWSER_CRASHES.inc()

    def _launch(self, playwright: Playwright) -> Browser:
        if self._chromium is not None:
            return self._launch_executable(playwright, self._chromium)
        try:
            return self._launch_executable(playwright, None)
        except PlaywrightError as error:
            if "Executable doesn't exist" not in error.message:
                raise
        found = find_chromium(headless=self._headless)
        if found is None:
            raise ConfigurationError(INSTALL_HINT)
        return self._launch_executable(playwright, found)

    def _launch_executable(self, playwright: Playwright, executable: Path | None) -> Browser:
        """Start Chromium, with its own sandbox if possible. Once that has failed, it isn't tried again."""
        if self._sandbox_obstacle is None:
            try:
                return self._launch_with(playwright, executable, sandbox=True)
            except PlaywrightError as error:
                if not is_sandbox_error(error.message):
                    raise
        browser = self._launch_with(playwright, executable, sandbox=False)
        self._sandbox_obstacle = self._sandbox_obstacle or NAMESPACES_FORBIDDEN
        log.info("chromium_without_sandbox", extra={"because": self._sandbox_obstacle})
        return browser

    def _launch_with(self, playwright: Playwright, executable: Path | None, *, sandbox: bool) -> Browser:
        return playwright.chromium.launch(
            executable_path=executable,
            headless=self._headless,
            args=launch_switches(load_media=self._load_media),
            chromium_sandbox=sandbox,
            traces_dir=self._recorder.folder if self._recorder else None,
        )
