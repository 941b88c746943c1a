"""LinkedIn's adapter. It opens only pages that a person opens, and does on them what a person does.

None of it was ever run on the live site by us: docs/linkedin.md says what was never seen, and
`rapport selectors check` says what a given account's pages look like today.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Page

from worker.browser.errors import translate_errors
from worker.browser.linkedin.marks.navigation import NAVIGATION
from worker.browser.linkedin.site_page import ORIGIN, SITE, SitePage
from worker.browser.linkedin.walls import check_walls, has_navigation
from worker.browser.site import Invitation, PageProgress, Thread, ignore_progress
from worker.errors import Reason, StopAccountError, TryAgainError
from worker.rules.addresses import normalise_profile_url
from worker.rules.identity import PersonKeys
from worker.rules.model import BirthdayCard, InboxLine, ResultPage, SentInvitation
from worker.rules.sourcing.profile import Profile, Section
from worker.rules.sourcing.search import SearchQuery
from worker.settings import Settings

_PROOF_WAIT = timedelta(seconds=10)


class LinkedInSite:
    """One account's view of LinkedIn. Implements `Site`."""

    def __init__(
        self, page: Page, base_url: str, timeout: timedelta, *, proof_wait: timedelta = _PROOF_WAIT
    ) -> None:
        self._site = SitePage(page, base_url, timeout)
        self._proof_wait = min(proof_wait, timeout)

    @classmethod
    def open(cls, settings: Settings, open_page: Callable[[], Page]) -> "LinkedInSite":
        """Return the site, or the copy of its pages that RAPPORT_LINKEDIN_URL names."""
        return cls(open_page(), settings.linkedin_url or ORIGIN, settings.browser_timeout)

    @classmethod
    def sign_in_address(cls, settings: Settings) -> str:
        """Return the address of the feed, which leads to the sign-in page."""
        return f"{(settings.linkedin_url or ORIGIN).rstrip('/')}/feed/"

    @classmethod
    def looks_signed_in(cls, page: Page) -> bool:
        """Return whether the page has a member's navigation bar, and is no wall."""
        if not has_navigation(page):
            return False
        try:
            check_walls(page)
        except StopAccountError:
            return False
        return True

    def signed_in(self) -> bool:
        """Return whether the feed opens for this session."""
        try:
            self._site.open("/feed/", NAVIGATION)
        except StopAccountError as stop:
            if stop.reason is Reason.NOT_SIGNED_IN:
                return False
            raise
        return True

    def birthdays(self, today: date) -> Sequence[BirthdayCard]:
        """Read the birthdays page, dated from `today`."""
        raise NotImplementedError

    def inbox(self, since: datetime) -> Sequence[InboxLine]:
        """Read the list of conversations, without opening one."""
        raise NotImplementedError

    def open_thread(self, profile_url: str) -> Thread:
        """Open the conversation with this person. The caller checks the `recipient`."""
        raise NotImplementedError

    def search(self, query: SearchQuery, page: int) -> ResultPage:
        """Read one page of the people search."""
        raise NotImplementedError

    def read_profile(self, profile_url: str, sections: Collection[Section]) -> Profile:
        """Open a profile, scroll through it, and read the head and these sections."""
        raise NotImplementedError

    def shown_keys(self) -> PersonKeys:
        """Return the addresses of the profile that is open."""
        raise NotImplementedError

    def sent_invitations(
        self, today: date, on_page: PageProgress = ignore_progress
    ) -> Sequence[SentInvitation]:
        """Read the pending invitations to the end of the list."""
        raise NotImplementedError

    def open_invitation(self, profile_url: str) -> Invitation:
        """Find the invitation to this person on the list."""
        raise NotImplementedError

    def normalise(self, profile_url: str) -> str:
        """Return the canonical address. Raises TryAgainError for one that isn't a profile's."""
        address = normalise_profile_url(profile_url, SITE)
        if address is None:
            raise TryAgainError(Reason.SITE_UNEXPECTED, "an address is not that of a profile")
        return address

    def screenshot(self, path: Path, *, masked: bool) -> None:
        """Write a PNG of the page. With `masked`, message texts are covered."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with translate_errors("take a screenshot"):
            self._site.page.screenshot(path=path)
