"""LinkedIn's adapter. It opens only pages that a person opens, and does on them what a person does.

Its authors never ran it on the live site: docs/linkedin.md says what was never seen, and
`rapport selectors check` says what a given account's pages look like today.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page

from worker.browser.errors import translate_errors
from worker.browser.linkedin.lists.birthdays import read_birthdays
from worker.browser.linkedin.lists.invitations import find_sent, read_sent
from worker.browser.linkedin.lists.withdrawal import LinkedInInvitation
from worker.browser.linkedin.marks.navigation import NAVIGATION
from worker.browser.linkedin.messaging.inbox import read_inbox
from worker.browser.linkedin.messaging.open_conversation import find_person, open_conversation
from worker.browser.linkedin.messaging.panes import list_texts
from worker.browser.linkedin.messaging.thread import LinkedInThread
from worker.browser.linkedin.page_text import address_of
from worker.browser.linkedin.people.profile import read_open_profile, read_profile
from worker.browser.linkedin.people.search import read_results
from worker.browser.linkedin.site_page import ORIGIN, SITE, SitePage
from worker.browser.linkedin.walls import check_walls, has_navigation
from worker.browser.site import Invitation, PageProgress, Thread, ignore_progress
from worker.errors import Reason, StopAccountError, TryAgainError
from worker.rules.model import BirthdayCard, InboxLine, ResultPage, SentInvitation
from worker.rules.people.addresses import normalise_profile_url
from worker.rules.people.identity import PersonKeys
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
        self._profile: PersonKeys | None = None
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
        return read_birthdays(self._site, today)

    def inbox(self, since: datetime) -> Sequence[InboxLine]:
        """Read the list of conversations, without opening one. Its lines have names, but no addresses."""
        return read_inbox(self._site, since)

    def open_thread(self, profile_url: str, member_url: str | None = None) -> Thread:
        """Open the conversation with this person, by member id. The caller checks the `recipient`.

        Where only an address by slug is known, the profile is opened first, which shows the id.
        """
        person = find_person(self._site, self.normalise(profile_url), member_url)
        person, may_miss = open_conversation(self._site, person)
        return LinkedInThread(self._site, person, self._proof_wait, may_miss=may_miss)

    def search(self, query: SearchQuery, page: int) -> ResultPage:
        """Read one page of the people search."""
        return read_results(self._site, query, page)

    def read_profile(self, profile_url: str, sections: Collection[Section]) -> Profile:
        """Open a profile, scroll through it, and read the head and these sections."""
        self._profile, profile = read_profile(self._site, self.normalise(profile_url), sections)
        return profile

    def shown_keys(self) -> PersonKeys:
        """Return the addresses of the profile that is open, also while a page of its details is."""
        opened = self._profile
        if opened is None or address_of(urlsplit(self._site.page.url).path) not in opened.addresses:
            opened = read_open_profile(self._site).keys
        return opened

    def sent_invitations(
        self, today: date, on_page: PageProgress = ignore_progress
    ) -> Sequence[SentInvitation]:
        """Read the pending invitations to the end of the list."""
        return read_sent(self._site, today, on_page)

    def open_invitation(self, profile_url: str) -> Invitation:
        """Find the invitation to this person on the list."""
        wanted = self.normalise(profile_url)
        find_sent(self._site, wanted)
        return LinkedInInvitation(self._site, wanted, self._proof_wait)

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
            self._site.page.screenshot(path=path, mask=list_texts(self._site) if masked else [])
