"""One tab on LinkedIn: open an address, and be sure of what opened."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from urllib.parse import urljoin, urlsplit

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from worker.browser.errors import translate_errors
from worker.browser.linkedin.marks.navigation import EMBER, SDUI
from worker.browser.linkedin.walls import check_walls, has_navigation
from worker.browser.marks import Mark, find, locate, shown
from worker.errors import NeverError, Reason, StopAccountError, TryAgainError
from worker.rules.people.addresses import (
    PROFILE_ORIGINS,
    find_member_url,
    is_member_url,
    normalise_profile_url,
)

SITE = "linkedin"
ORIGIN = PROFILE_ORIGINS[SITE]
_ARRIVAL_WAIT = timedelta(seconds=2)
_GONE_PATHS = {"/404", "/in/unavailable"}


class FrontEnd(StrEnum):
    """The two generations of the site's pages. Which one is shown differs by account and by page."""

    SDUI = "sdui"
    EMBER = "ember"
    BOTH = "both"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Arrival:
    """What opened: the HTTP status, and the path on which the browser ended, perhaps by a redirect."""

    status: int
    path: str


class SitePage:
    """The account's tab. Every method reads the page again; nothing is cached."""

    def __init__(self, page: Page, base_url: str, timeout: timedelta) -> None:
        self.page = page
        self.timeout = timeout
        self._base_url = base_url.rstrip("/")
        page.set_default_timeout(timeout / timedelta(milliseconds=1))
        page.set_default_navigation_timeout(timeout / timedelta(milliseconds=1))

    def open(self, path: str, main: Mark | None = None) -> Arrival:
        """Open a path of the site, and wait for the mark that says it is the expected page.

        Raises StopAccountError for a wall, before and after the page has loaded, or for an unknown page in
        its place; NeverError(PROFILE_GONE) for a page that doesn't exist; TryAgainError otherwise.
        """
        with translate_errors(f"open {path.split('/')[1]}", slow=Reason.SITE_UNREACHABLE):
            response = self.page.goto(self._base_url + path, wait_until="domcontentloaded")
        status = response.status if response else 0
        with self.translate("read the page"):
            check_walls(self.page, status)
        self.check_gone(status)
        if status >= 500:
            raise TryAgainError(Reason.SITE_UNREACHABLE, f"the site answers {status}")
        if status != 200:
            raise TryAgainError(Reason.SITE_UNEXPECTED, f"the site answers {status}")
        if main is not None:
            self.wait_for(main)
        return Arrival(status, urlsplit(self.page.url).path)

    def wait_for(self, main: Mark) -> None:
        """Wait until a form of the mark is shown, and count it. Raises for a wall or an unknown page."""
        try:
            locate(self.page, main).first.wait_for()
        except PlaywrightTimeoutError:
            find(self.page, main)
            self._refuse_unknown_page(main)
        except PlaywrightError:
            with self.translate("read the page"):
                raise
        with self.translate("read the page"):
            check_walls(self.page)
            find(self.page, main)

    def check_walls(self) -> None:
        """Raise StopAccountError if the page is a wall by now. It may come seconds after the page."""
        with self.translate("read the page"):
            check_walls(self.page)

    def check_gone(self, status: int = 200) -> None:
        """Raise NeverError if the site says that the page doesn't exist, by status or by another address."""
        if status in {404, 410} or urlsplit(self.page.url).path.rstrip("/") in _GONE_PATHS:
            raise NeverError(Reason.PROFILE_GONE, "the page no longer exists")

    @contextmanager
    def translate(self, doing: str) -> Iterator[None]:
        """Translate Playwright's errors. If the page is a wall by now, raise its StopAccountError instead."""
        try:
            with translate_errors(doing):
                yield
        except TryAgainError as passing:
            try:
                # a page that is being redirected to a challenge fails before it has arrived
                wait = _ARRIVAL_WAIT / timedelta(milliseconds=1)
                self.page.locator("body").wait_for(state="attached", timeout=wait)
                check_walls(self.page)
            except PlaywrightError:
                raise passing from None  # the page can't be checked: the first error remains
            raise

    def language(self) -> str | None:
        """Return the language of the page as two letters: the member's interface language. None: not said."""
        lang = str(self.page.evaluate("document.documentElement.lang") or "")
        return lang.replace("_", "-").partition("-")[0].lower() or None

    def front_end(self) -> FrontEnd:
        """Return which generation of the site this page is of."""
        sdui, ember = (bool(self.page.locator(each).count()) for each in (SDUI, EMBER))
        if sdui and ember:
            return FrontEnd.BOTH
        return FrontEnd.SDUI if sdui else FrontEnd.EMBER if ember else FrontEnd.UNKNOWN

    def address_of(self, href: str | None) -> str | None:
        """Return the canonical profile address of a link, relative or absolute; None for any other link."""
        return normalise_profile_url(self._on_origin(href), SITE) if href else None

    def member_of(self, href: str | None) -> str | None:
        """Return the address by member id that a link names in its path or its parameters, or None."""
        return find_member_url(self._on_origin(href), SITE) if href else None

    def person_of(self, href: str | None) -> str | None:
        """Return the address of the person whom a link names, by member id where it has one, else by slug.

        None for any other link, and where the ids in it disagree.
        """
        member, address = self.member_of(href), self.address_of(href)
        return member if member or (address and is_member_url(address, SITE)) else address

    def _on_origin(self, href: str) -> str:
        """Return a link with the site's own origin in place of that of the tests' copy."""
        absolute = urljoin(ORIGIN + "/", href)
        return (
            ORIGIN + absolute.removeprefix(self._base_url)
            if absolute.startswith(self._base_url)
            else absolute
        )

    def _refuse_unknown_page(self, main: Mark) -> None:
        self.check_gone()
        with self.translate("read the page"):
            check_walls(self.page)
            text = shown(self.page, "body").inner_text() if shown(self.page, "body").count() else ""
            if not has_navigation(self.page) and text.strip():
                raise StopAccountError(
                    Reason.SITE_CHANGED, "LinkedIn shows an unknown page; a person must look at it"
                )
        raise TryAgainError(Reason.SITE_UNEXPECTED, f"the page doesn't show {main.name}")
