"""The check of the practice network's pages: the same as of a real site's, to try it without harm."""

from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import urlsplit

from playwright.sync_api import Page

from worker import clock
from worker.browser.check_report import CrossCheck, Fact, PageReport, count_cross_check
from worker.browser.errors import translate_errors
from worker.browser.marks import Mark, locate
from worker.browser.sandbox import invitation_selectors, marks, pages, people_selectors, selectors
from worker.browser.site_check import CheckedPage, CheckRequest, OwnChecks, Tab, look_at
from worker.browser.survey import CheckedMark, list_selector_words
from worker.errors import NeverError, Reason, TryAgainError
from worker.rules.model import Kind
from worker.rules.sites.capabilities import SENDING, Capability, Verdict
from worker.rules.sites.page_shapes import Shaper
from worker.settings import Settings, missing_for_site

_SEARCH_PATH: Final = "/search/people/?keywords=engineer"
_SIGNED_IN: Final = frozenset({Capability.SIGNED_IN})
_BIRTHDAYS: Final = frozenset({Capability.BIRTHDAYS})
_PROFILE: Final = frozenset({Capability.PROFILE})
_SEARCH: Final = frozenset({Capability.SEARCH})
_INVITATIONS: Final = frozenset({Capability.INVITATIONS})
_WITHDRAW: Final = frozenset({Capability.WITHDRAW})
_INBOX: Final = frozenset({Capability.INBOX})
_RECIPIENT: Final = frozenset({Capability.RECIPIENT})
_COMPOSER: Final = frozenset({Capability.COMPOSER})
_SEND_BUTTON: Final = frozenset({Capability.SEND_BUTTON})
_OWN_OR_OTHER: Final = frozenset({Capability.OWN_OR_OTHER})
_SERVER_ID: Final = frozenset({Capability.SERVER_ID})


class SandboxChecker:
    """Implements `Checker`."""

    def __init__(self, page: Page, base_url: str) -> None:
        self._page = page
        self._base_url = base_url.rstrip("/")
        self.vocabulary = tuple(
            word
            for each in self.list_pages(CheckRequest("/in/somebody/", inbox=True, compose=True))
            for word in list_selector_words(each.marks)
        )

    @classmethod
    def open(cls, settings: Settings, open_page: Callable[[], Page]) -> "SandboxChecker":
        """Return the check of the site at RAPPORT_SANDBOX_URL. Raises ConfigurationError if that is unset."""
        if settings.sandbox_url is None:
            raise missing_for_site("sandbox_url")
        page = open_page()
        timeout_ms = settings.browser_timeout.total_seconds() * 1000
        page.set_default_timeout(timeout_ms)
        page.set_default_navigation_timeout(timeout_ms)
        return cls(page, settings.sandbox_url)

    def look(self, page: CheckedPage, shaper: Shaper | None) -> PageReport:
        """Open a page and report on it."""
        tab = Tab(self._page, self._open, self._check_stops, self._language, lambda: None)
        return look_at(tab, page, shaper)

    def list_pages(self, request: CheckRequest) -> Sequence[CheckedPage]:
        """Return the pages, in the order in which they are opened."""
        found = [
            CheckedPage(
                "feed", "the feed", "/feed/", Kind.GREET, _SIGNED_IN, marks.NAVIGATION,
                [CheckedMark(marks.NAVIGATION, _SIGNED_IN), CheckedMark(marks.HEADING)],
            ),
            CheckedPage(
                "birthdays", "the birthdays page", "/birthdays/", Kind.GREET, _BIRTHDAYS, marks.HEADING,
                [
                    CheckedMark(marks.HEADING, _BIRTHDAYS),
                    CheckedMark(marks.CARD, _BIRTHDAYS),
                    CheckedMark(marks.CARD_LINK, _BIRTHDAYS, within=marks.CARD),
                    CheckedMark(marks.CARD_MEMBER),
                ],
                self._check_birthdays,
            ),
            CheckedPage(
                "search", "a people search", _SEARCH_PATH, Kind.COLLECT, _SEARCH, marks.HEADING,
                [
                    CheckedMark(marks.HEADING, _SEARCH),
                    CheckedMark(marks.RESULT, _SEARCH),
                    CheckedMark(marks.RESULT_LINK, _SEARCH),
                ],
                self._check_search,
            ),
            CheckedPage(
                "invitations", "the sent invitations", "/invitations/sent/", Kind.WITHDRAW,
                _INVITATIONS | _WITHDRAW, marks.HEADING,
                [
                    CheckedMark(marks.HEADING, _INVITATIONS),
                    CheckedMark(marks.INVITATION, _INVITATIONS),
                    CheckedMark(marks.WITHDRAW, _WITHDRAW),
                ],
                self._check_invitations,
            ),
        ]  # fmt: skip
        inbox = CheckedPage(
            "inbox", "the inbox", "/messaging/", Kind.GREET, _INBOX, marks.HEADING,
            [
                CheckedMark(marks.HEADING, _INBOX),
                CheckedMark(marks.LINE, _INBOX),
                CheckedMark(marks.SENDER, _INBOX),
            ],
            self._check_inbox,
        )  # fmt: skip
        of_person = self._pages_of(urlsplit(request.profile).path) if request.profile else []
        return [
            *found,
            *([inbox] if request.inbox else []),
            *(of_person if request.compose else of_person[:1]),
        ]

    def _pages_of(self, path: str) -> Sequence[CheckedPage]:
        return [
            CheckedPage(
                "profile", "the profile", path, Kind.VISIT, _PROFILE, marks.HEADING,
                [
                    CheckedMark(marks.HEADING, _PROFILE),
                    CheckedMark(marks.DEGREE, _PROFILE),
                    CheckedMark(marks.MESSAGE, _RECIPIENT),
                ],
                self._check_profile, visits=True,
            ),
            CheckedPage(
                "conversation", "the conversation with this person", path, Kind.GREET, SENDING, marks.MESSAGE,
                [
                    CheckedMark(marks.THREAD, _RECIPIENT),
                    CheckedMark(marks.RECIPIENT, _RECIPIENT, within=marks.THREAD),
                    CheckedMark(marks.COMPOSER, _COMPOSER, within=marks.THREAD),
                    CheckedMark(marks.SEND, _SEND_BUTTON, within=marks.THREAD),
                    CheckedMark(marks.BUBBLE, _OWN_OR_OTHER, within=marks.THREAD),
                    CheckedMark(marks.BUBBLE_TIME, _SERVER_ID, within=marks.THREAD),
                ],
                self._check_conversation, then=self._open_conversation, visits=True,
            ),
        ]  # fmt: skip

    def _open(self, path: str, main: Mark | None) -> None:
        with translate_errors(f"open {path.split('/')[1]}", slow=Reason.SITE_UNREACHABLE):
            status = pages.open_page(self._page, self._base_url + path)
        if status in {404, 410}:
            raise NeverError(Reason.PROFILE_GONE, "the page no longer exists")
        if status != 200:
            raise TryAgainError(Reason.SITE_UNEXPECTED, f"the site answers {status}")
        if main is not None:
            with translate_errors(f"find {main.name}"):
                locate(self._page, main).first.wait_for()

    def _open_conversation(self) -> None:
        with translate_errors("open the conversation"):
            pages.open_conversation(self._page)

    def _check_stops(self) -> None:
        with translate_errors("read the page"):
            pages.check_stops(self._page)

    def _language(self) -> str | None:
        return str(self._page.evaluate("document.documentElement.lang")) or None

    def _count(self, mark: Mark) -> int:
        return locate(self._page, mark).count()

    def _check_birthdays(self) -> OwnChecks:
        if not self._count(marks.CARD) and selectors.no_birthdays(self._page).count():
            return OwnChecks(excused=[marks.CARD, marks.CARD_LINK])
        cards = pages.read_birthdays(self._page, clock.now().date())  # raises for a line of unknown form
        dated = count_cross_check("birthdays.dated", len(cards), self._count(marks.CARD), _BIRTHDAYS)
        return OwnChecks([dated])

    def _check_search(self) -> OwnChecks:
        rows = self._count(marks.RESULT)
        few = Verdict.OK if rows <= 10 else Verdict.DRIFT
        return OwnChecks(
            [
                CrossCheck("search.at_most_ten", few, f"rows: {rows}", _SEARCH),
                count_cross_check("search.linked", self._count(marks.RESULT_LINK), rows, _SEARCH),
            ],
            excused=[marks.RESULT, marks.RESULT_LINK]
            if people_selectors.no_results(self._page).count()
            else (),
        )

    def _check_invitations(self) -> OwnChecks:
        rows = self._count(marks.INVITATION)
        buttons = count_cross_check("invitations.buttons", self._count(marks.WITHDRAW), rows, _WITHDRAW)
        none = invitation_selectors.none_sent(self._page).count()
        return OwnChecks([buttons], excused=[marks.INVITATION, marks.WITHDRAW] if none else ())

    def _check_inbox(self) -> OwnChecks:
        lines = self._count(marks.LINE)
        senders = count_cross_check("inbox.senders", self._count(marks.SENDER), lines, _INBOX)
        none = selectors.no_conversations(self._page).count()
        return OwnChecks([senders], excused=[marks.LINE, marks.SENDER] if none else ())

    def _check_profile(self) -> OwnChecks:
        shown = pages.read_profile_keys(self._page)  # raises if the page has the ids of several people
        found = shown.member_url is not None
        said = CrossCheck(
            "profile.member_id", Verdict.OK if found else Verdict.UNKNOWN, "one id" if found else "no id",
            _PROFILE | _RECIPIENT,
        )  # fmt: skip
        return OwnChecks([said])

    def _check_conversation(self) -> OwnChecks:
        talk, shown = pages.Conversation(self._page), pages.read_profile_keys(self._page)
        same = talk.recipient() in shown.addresses or talk.member() in shown.addresses
        messages = talk.messages()  # raises if one has no sender
        dated = sum(message.at is not None for message in messages)
        checks = [
            CrossCheck(
                "conversation.recipient", Verdict.OK if same else Verdict.DRIFT,
                "the profile's" if same else "not the profile's", _RECIPIENT,
            ),
            count_cross_check("conversation.senders", len(messages), len(messages), _OWN_OR_OTHER),
            count_cross_check("conversation.times", dated, len(messages), _SERVER_ID),
        ]  # fmt: skip
        if messages:
            return OwnChecks(checks)
        return OwnChecks(checks, [Fact.NO_MESSAGES], [marks.BUBBLE, marks.BUBBLE_TIME])
