"""The adapter of the practice network."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page

from worker.browser.errors import translate_errors
from worker.browser.sandbox import invitations, pages, people, selectors
from worker.browser.site import PageProgress, ignore_progress
from worker.clock import monotonic_seconds
from worker.errors import NeverError, Reason, StopAccountError, TryAgainError
from worker.rules.model import BirthdayCard, InboxLine, ResultPage, SentInvitation, ThreadMessage
from worker.rules.people.identity import PersonKeys
from worker.rules.sourcing.profile import Profile, Section
from worker.rules.sourcing.search import SearchQuery
from worker.settings import Settings, missing_for_site

_PROOF_WAIT = timedelta(seconds=5)
_ARRIVAL_WAIT = timedelta(seconds=2)
_SENT = "/invitations/sent/"
_POLL_INTERVAL = timedelta(milliseconds=10)


class SandboxSite:
    """One account's view of the practice network. Implements `Site`."""

    def __init__(
        self, page: Page, base_url: str, timeout: timedelta, *, proof_wait: timedelta = _PROOF_WAIT
    ) -> None:
        self._page = page
        self._base_url = base_url.rstrip("/")
        self._proof_wait = min(proof_wait, timeout)
        page.set_default_timeout(timeout / timedelta(milliseconds=1))
        page.set_default_navigation_timeout(timeout / timedelta(milliseconds=1))

    @classmethod
    def open(cls, settings: Settings, open_page: Callable[[], Page]) -> "SandboxSite":
        """Return the site at RAPPORT_SANDBOX_URL. Raises ConfigurationError if that is unset."""
        page = open_page()
        return cls(page, _base_url(settings), settings.browser_timeout)

    @classmethod
    def sign_in_address(cls, settings: Settings) -> str:
        """Return the address of the feed, which leads to the sign-in page."""
        return f"{_base_url(settings).rstrip('/')}/feed/"

    @classmethod
    def looks_signed_in(cls, page: Page) -> bool:
        """Return whether the page has the navigation bar."""
        return selectors.global_nav(page).is_visible()

    def signed_in(self) -> bool:
        """Return whether the feed opens for this session."""
        try:
            self._open_path("/feed/")
        except StopAccountError as stop:
            if stop.reason is Reason.NOT_SIGNED_IN:
                return False
            raise
        with _translate_page_errors(self._page, "find the navigation"):
            selectors.global_nav(self._page).wait_for()
        return True

    def birthdays(self, today: date) -> Sequence[BirthdayCard]:
        """Read the birthdays page, dated from `today`."""
        self._require_ok(self._open_path("/birthdays/"))
        with _translate_page_errors(self._page, "read the birthdays"):
            return pages.read_birthdays(self._page, today)

    def inbox(self, since: datetime) -> Sequence[InboxLine]:
        """Read the pages of the inbox until a conversation is older than `since`."""
        found: dict[str | None, InboxLine] = {}
        path: str | None = "/messaging/"
        while path is not None:
            self._require_ok(self._open_path(path))
            with _translate_page_errors(self._page, "read the inbox"):
                lines, path = pages.read_inbox(self._page)
            # A message that arrives meanwhile moves the others down, so some appear again on the next page. A
            # page without new people counts as the last, whatever it links to.
            new = {line.profile_url: line for line in lines if line.profile_url not in found}
            found.update({url: line for url, line in new.items() if line.at >= since})
            if not new or any(line.at < since for line in lines):
                path = None
        return list(found.values())

    def open_thread(self, profile_url: str, member_url: str | None = None) -> "SandboxThread":
        """Open the conversation with this person. The caller checks the `recipient`."""
        self._open_profile(pages.normalise(profile_url))
        with _translate_page_errors(self._page, "open the conversation"):
            pages.open_conversation(self._page)
            profile = pages.read_profile_keys(self._page)
        return SandboxThread(self._page, self._proof_wait, profile)

    def search(self, query: SearchQuery, page: int) -> ResultPage:
        """Read one page of the people search, always on this site."""
        self._require_ok(self._open_path(f"/search/people/?{urlencode([*query.terms, ('page', page)])}"))
        with _translate_page_errors(self._page, "read the people found"):
            return people.read_results(self._page)

    def read_profile(self, profile_url: str, sections: Collection[Section]) -> Profile:
        """Open a profile, scroll through it, and read the head and these sections."""
        address = pages.normalise(profile_url)
        self._open_profile(address)
        with _translate_page_errors(self._page, "read the profile"):
            return people.read_profile(self._page, address, sections)

    def shown_keys(self) -> PersonKeys:
        """Return the addresses of the profile that is open."""
        with _translate_page_errors(self._page, "read whose profile it is"):
            return pages.read_profile_keys(self._page)

    def sent_invitations(
        self, today: date, on_page: PageProgress = ignore_progress
    ) -> Sequence[SentInvitation]:
        """Read the invitations of all pages. Raises TryAgainError if the list changed meanwhile."""
        found: dict[str, SentInvitation] = {}
        for number, _ in enumerate(self._pages_of_invitations(), start=1):
            with _translate_page_errors(self._page, "read the sent invitations"):
                for sent in invitations.read_cards(self._page, today):
                    found.setdefault(sent.profile_url, sent)
            on_page(number, len(found))
        return list(found.values())

    def open_invitation(self, profile_url: str) -> "SandboxInvitation":
        """Open the page that lists the invitation.

        Raises NeverError if no page does, TryAgainError if the list changed meanwhile.
        """
        wanted = self.normalise(profile_url)
        for shown in self._pages_of_invitations():
            if wanted in shown.addresses:
                return SandboxInvitation(self._page, wanted, self._proof_wait)
        raise NeverError(Reason.INVITATION_GONE, "there is no longer an invitation to this person")

    def normalise(self, profile_url: str) -> str:
        """Return the canonical address, which doesn't depend on the port of the network."""
        return pages.normalise(profile_url)

    def screenshot(self, path: Path, *, masked: bool) -> None:
        """Write a PNG of the page. With `masked`, message texts are covered."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with translate_errors("take a screenshot"):
            self._page.screenshot(path=path, mask=selectors.message_texts(self._page) if masked else [])

    def _pages_of_invitations(self) -> Iterator[invitations.SentPage]:
        """Open the pages of the list in turn. Raises TryAgainError at the end if the list changed meanwhile.

        When an invitation leaves the list, others move up, possibly from an unread page to one already read.
        """
        seen, totals = set[str](), set[int]()
        path: str | None = _SENT
        while path is not None:
            self._require_ok(self._open_path(path))
            with _translate_page_errors(self._page, "list the sent invitations"):
                shown = invitations.read_page(self._page)
            yield shown
            totals.add(shown.total)
            path = shown.following if set(shown.addresses) - seen else None
            seen.update(shown.addresses)
        if totals != {len(seen)}:
            raise TryAgainError(
                Reason.SITE_UNEXPECTED, "the list of sent invitations changed while it was read"
            )

    def _open_path(self, path: str) -> int:
        with translate_errors(f"open {path.split('/')[1]}", slow=Reason.SITE_UNREACHABLE):
            return pages.open_page(self._page, self._base_url + path)

    def _open_profile(self, address: str) -> None:
        status = self._open_path(urlsplit(address).path)
        if status in {404, 410}:
            raise NeverError(Reason.PROFILE_GONE, "the profile no longer exists")
        self._require_ok(status)

    def _require_ok(self, status: int) -> None:
        if status != 200:
            raise TryAgainError(Reason.SITE_UNEXPECTED, f"the site answers {status}")


def _base_url(settings: Settings) -> str:
    if settings.sandbox_url is None:
        raise missing_for_site("sandbox_url")
    return settings.sandbox_url


class SandboxInvitation:
    """One invitation on the page that lists it. Implements `Invitation`."""

    def __init__(self, page: Page, profile_url: str, proof_wait: timedelta) -> None:
        self._page = page
        self._profile_url = profile_url
        self._proof_wait = proof_wait

    def withdraw(self) -> None:
        """Click withdraw, confirm once, and wait for the site's reply."""
        with _translate_page_errors(self._page, "withdraw the invitation"):
            card = invitations.find_card(self._page, self._profile_url)
            invitations.open_dialog(self._page, card, self._profile_url)
            invitations.confirm(self._page, self._proof_wait)
            pages.check_stops(self._page)


class SandboxThread:
    """One open conversation. Implements `Thread`."""

    def __init__(self, page: Page, proof_wait: timedelta, profile: PersonKeys) -> None:
        self._page = page
        self._conversation = pages.Conversation(page)
        self._proof_wait = proof_wait
        self._profile = profile
        self._typed = ""

    def recipient(self) -> str:
        """Return the normalised address of the profile that the conversation's head links to.

        A link by member id leads to the address by slug, where the profile it was opened from shows the id.
        """
        with _translate_page_errors(self._page, "read whom the conversation is with"):
            head = self._conversation.recipient()
        is_same = head == self._profile.member_url and self._profile.profile_url is not None
        return self._profile.profile_url or head if is_same else head

    def member(self) -> str | None:
        """Return the address by member id that the conversation shows."""
        with _translate_page_errors(self._page, "read whom the conversation is with"):
            return self._conversation.member()

    def shown_name(self) -> str:
        """Return the name in the conversation's head."""
        with _translate_page_errors(self._page, "read the name of whom the conversation is with"):
            return self._conversation.shown_name()

    def messages(self) -> Sequence[ThreadMessage]:
        """Return all messages shown, oldest first."""
        with _translate_page_errors(self._page, "read the conversation"):
            return self._conversation.messages()

    def may_miss_messages(self) -> bool:
        """Return False: a conversation shows all its messages."""
        return False

    def type(self, text: str) -> None:
        """Put exactly `text` into the composer, after closing a pop-up if there is one."""
        with _translate_page_errors(self._page, "type the message"):
            pages.dismiss_popup(self._page)
            self._conversation.require_empty()
            self._typed = text
            self._conversation.write(text)

    def click_send(self) -> None:
        """Click the send button once."""
        with _translate_page_errors(self._page, "click send"):
            self._conversation.send()

    def proof(self, text: str, *, more_than: int) -> bool:
        """Poll until it is proven or the wait is over. A stop page or a lost browser raises instead."""
        with _translate_page_errors(self._page, "prove the message"):
            until = monotonic_seconds() + self._proof_wait.total_seconds()
            while not (proven := self._proven(text, more_than)) and monotonic_seconds() < until:
                pages.check_stops(self._page)
                # the page's own events run meanwhile
                self._page.wait_for_timeout(_POLL_INTERVAL / timedelta(milliseconds=1))
            return proven and self._conversation.answer_question()

    def clear(self) -> None:
        """Empty the composer, if it holds what was typed."""
        with _translate_page_errors(self._page, "clear the draft"):
            self._conversation.clear(self._typed)

    def close(self) -> None:
        """Close the conversation, and wait until it has closed."""
        with _translate_page_errors(self._page, "close the conversation"):
            self._conversation.close()

    def _proven(self, text: str, more_than: int) -> bool:
        # A send that led to a challenge or login page replaces the whole page. The composer is read first, as
        # that is quick, and the site empties it last.
        if not self._conversation.is_open() or not self._conversation.draft_is_empty():
            return False
        wanted = pages.comparable(text)
        sent = [m for m in self._conversation.messages() if m.outgoing and pages.comparable(m.text) == wanted]
        return len(sent) > more_than


@contextmanager
def _translate_page_errors(page: Page, doing: str) -> Iterator[None]:
    """Translate Playwright's errors. If the page now asks for a person, raise StopAccountError instead."""
    try:
        with translate_errors(doing):
            yield
    except TryAgainError as passing:
        try:
            # a page that is being redirected to a challenge fails before it has arrived
            page.locator("body").wait_for(state="attached", timeout=_ARRIVAL_WAIT / timedelta(milliseconds=1))
            pages.check_stops(page)
        except PlaywrightError:
            # the page can't be checked: the first error remains
            raise passing from None
        raise
