"""Prove in a fresh context that the session to be stored is signed in."""

from collections.abc import Callable

from playwright.sync_api import Page

from worker.browser.pool import BrowserPool
from worker.errors import Reason, StopAccountError


def prove_session(
    browser_pool: BrowserPool,
    account_id: int,
    is_signed_in: Callable[[Page], bool],
    reduce: Callable[[str], str] = str,
) -> str:
    """Return the storage state of the account's context, after a fresh one opened from it is signed in too.

    The parts that `reduce` drops are neither opened nor returned. A site may keep its sign-in where no
    storage state holds it, for example in the session storage of a tab. Raises
    StopAccountError(NOT_SIGNED_IN) then, and KeyError without an open context.
    """
    state = reduce(browser_pool.storage_state(account_id))
    browser_pool.close_context(account_id)
    if not is_signed_in(browser_pool.page_for(account_id, state)):
        raise StopAccountError(
            Reason.NOT_SIGNED_IN,
            "the site accepted the sign-in, but doesn't know it in a new window, so nothing was kept",
        )
    return state
