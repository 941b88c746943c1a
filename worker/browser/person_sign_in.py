"""Let a person sign in, in a window of ours. After opening the first page, we only look."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page

from worker.browser.errors import translate_errors
from worker.browser.pool import BrowserPool
from worker.clock import monotonic_seconds
from worker.errors import Reason, RequestRefusedError

TIME_LIMIT: Final = timedelta(minutes=15)
_TICK_MS: Final = 40
_LOOK_EVERY_S: Final = 0.5


def wait_for_person(
    browser_pool: BrowserPool,
    account_id: int,
    *,
    address: str,
    state: str | None,
    looks_signed_in: Callable[[Page], bool],
    attend: Callable[[Page], None],
    time_limit: timedelta = TIME_LIMIT,
) -> None:
    """Open `address` in the account's context, and return once its page looks signed in, twice in a row.

    `attend` is called many times a second with the page that was opened last. Raises RequestRefusedError if
    the person closes the window or doesn't sign in in time, TryAgainError if the address can't be opened.
    """
    page = browser_pool.page_for(account_id, state)
    context = page.context
    with translate_errors("open the sign-in page", slow=Reason.SITE_UNREACHABLE):
        page.goto(address, wait_until="domcontentloaded")
    end = monotonic_seconds() + time_limit.total_seconds()
    looked_at, in_a_row = 0.0, 0
    while (now := monotonic_seconds()) < end:
        shown = context.pages[-1] if context.pages else None
        if shown is None or not browser_pool.is_alive():
            raise RequestRefusedError(
                "the window was closed before anybody had signed in, so nothing was kept"
            )
        attend(shown)
        _wait(shown)
        if now - looked_at >= _LOOK_EVERY_S:
            looked_at = now
            in_a_row = in_a_row + 1 if _looks(shown, looks_signed_in) else 0
            if in_a_row == 2:
                return
    minutes = f"{time_limit / timedelta(minutes=1):.0f} minutes"
    raise RequestRefusedError(f"nobody signed in within {minutes}, so nothing was kept; start again")


def _wait(page: Page) -> None:
    """Let Playwright handle what the browser reports."""
    try:
        page.wait_for_timeout(_TICK_MS)
    except PlaywrightError:
        return  # the person closed this page; the caller looks for another one


def _looks(page: Page, looks_signed_in: Callable[[Page], bool]) -> bool:
    try:
        return looks_signed_in(page)
    except PlaywrightError:
        return False  # the page is being replaced
