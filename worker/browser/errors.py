"""Translate Playwright's errors; no other module does.

Their texts are dropped: Playwright's call log quotes what was typed, and no message text may reach a log.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from worker.errors import Reason, TryAgainError

_CONNECTION_LOST = ("net::", "has been closed", "crashed", "Connection closed", "Navigation failed")


@contextmanager
def translate_errors(doing: str, *, slow: Reason = Reason.SITE_UNEXPECTED) -> Iterator[None]:
    """Raise TryAgainError for any Playwright error inside the block; `doing` completes "could not ...".

    `slow` is the reason for a timeout. While navigating it means that the site is unreachable; while waiting
    for an element, that the page is not the expected one.
    """
    try:
        yield
    except PlaywrightTimeoutError:
        raise TryAgainError(slow, f"could not {doing}: the page took too long") from None
    except PlaywrightError as error:
        if any(mark in error.message for mark in _CONNECTION_LOST):
            raise TryAgainError(
                Reason.SITE_UNREACHABLE, f"could not {doing}: the connection or the browser was lost"
            ) from None
        raise TryAgainError(
            Reason.SITE_UNEXPECTED, f"could not {doing}: the page is not as expected"
        ) from None
