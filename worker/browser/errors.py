"""Playwright's errors into ours: the one place where that happens.

Their texts are left behind, because a call log quotes what was typed (design §3, promise 6).
"""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from worker.errors import Reason, TryAgainError

_LOST = ("net::", "has been closed", "crashed", "Connection closed", "Navigation failed")


@contextmanager
def translate_errors(doing: str, *, slow: Reason = Reason.SITE_UNEXPECTED) -> Iterator[None]:
    """Raise TryAgainError for whatever Playwright raises within.

    `slow` is the reason given for a timeout: one of navigation means that the site can't be reached,
    one of waiting for an element means that the page is not what it should be.
    """
    try:
        yield
    except PlaywrightTimeoutError:
        raise TryAgainError(slow, f"could not {doing}: the page took too long") from None
    except PlaywrightError as error:
        if any(mark in error.message for mark in _LOST):
            raise TryAgainError(
                Reason.SITE_UNREACHABLE, f"could not {doing}: the connection or the browser was lost"
            ) from None
        raise TryAgainError(
            Reason.SITE_UNEXPECTED, f"could not {doing}: the page is not what it should be"
        ) from None
