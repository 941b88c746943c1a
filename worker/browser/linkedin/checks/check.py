"""The check of LinkedIn's pages: what is opened, in which order, and which marks are looked for on each."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from playwright.sync_api import Page

from worker import clock
from worker.browser.check_report import Fact, PageReport
from worker.browser.linkedin.checks.check_lists import (
    BIRTHDAYS,
    INBOX,
    INVITATIONS,
    SEARCH,
    WITHDRAW,
    check_birthdays,
    check_inbox,
    check_invitations,
    check_search,
)
from worker.browser.linkedin.checks.check_person import (
    COMPOSER,
    OWN_OR_OTHER,
    PROFILE,
    RECIPIENT,
    SEND_BUTTON,
    SERVER_ID,
    CheckedPerson,
)
from worker.browser.linkedin.marks import birthdays, inbox, invitations, messaging, profile, search
from worker.browser.linkedin.marks.navigation import NAVIGATION
from worker.browser.linkedin.site_page import ORIGIN, SitePage
from worker.browser.linkedin.words import LANGUAGES
from worker.browser.marks import Mark
from worker.browser.site_check import CheckedPage, CheckRequest, Tab, look_at
from worker.browser.survey import CheckedMark, list_selector_words
from worker.errors import NeverError, Reason, StopAccountError
from worker.rules.model import Kind
from worker.rules.sites.capabilities import SENDING, Capability
from worker.rules.sites.page_shapes import Shaper
from worker.settings import Settings

_SIGNED_IN: Final = frozenset({Capability.SIGNED_IN})
_SEARCH_PATH: Final = "/search/results/people/?keywords=engineer"
"""A word that finds people in every language of the site."""
_OWN_WORDS: Final = tuple(
    """feed mynetwork catch-up birthday search results people messaging compose thread invitation-manager in
    sent details company preload linkedin com www sdui flagshipnav ember interop outlet conversation message
    unread snippet invitation event time stamp toast dialog overlay profile card composer send typeahead
    workspace toasts invitations conversations messages application""".split()  # noqa: SIM905 -- a list of words
)
"""Words of the site's addresses and of its developers, which a report may name whatever the page says."""


class LinkedInChecker:
    """Implements `Checker`."""

    def __init__(self, site: SitePage) -> None:
        self._site = site
        every = self.list_pages(CheckRequest(f"{ORIGIN}/in/somebody/", inbox=True, compose=True))
        self.vocabulary = (
            *_OWN_WORDS,
            *(word for each in every for word in list_selector_words(each.marks)),
        )

    @classmethod
    def open(cls, settings: Settings, open_page: Callable[[], Page]) -> "LinkedInChecker":
        """Return the check of the site, or of the copy of its pages that RAPPORT_LINKEDIN_URL names."""
        return cls(SitePage(open_page(), settings.linkedin_url or ORIGIN, settings.browser_timeout))

    def look(self, page: CheckedPage, shaper: Shaper | None) -> PageReport:
        """Open a page and report on it."""
        site = self._site
        tab = Tab(site.page, self._open, site.check_walls, site.language, lambda: str(site.front_end()))
        report = look_at(tab, page, shaper)
        if report.trouble is None and report.language not in LANGUAGES:
            facts = dict.fromkeys([*report.facts, Fact.LANGUAGE_UNSUPPORTED])
            return replace(report, facts=tuple(facts))
        return report

    def list_pages(self, request: CheckRequest) -> Sequence[CheckedPage]:
        """Return the pages, in the order in which they are opened."""
        site = self._site
        pages = [
            CheckedPage(
                "feed", "the feed", "/feed/", Kind.GREET, _SIGNED_IN, NAVIGATION,
                [CheckedMark(NAVIGATION, _SIGNED_IN)],
            ),
            CheckedPage(
                "birthdays", "the birthdays page", birthdays.ADDRESSES[0], Kind.GREET, BIRTHDAYS, NAVIGATION,
                [
                    CheckedMark(birthdays.PAGE, BIRTHDAYS),
                    CheckedMark(birthdays.CARD),
                    CheckedMark(birthdays.GREETING),
                    CheckedMark(birthdays.LOAD_MORE),
                ],
                lambda: check_birthdays(site, clock.now().date()),
            ),
            CheckedPage(
                "search", "a people search", _SEARCH_PATH, Kind.COLLECT, SEARCH, NAVIGATION,
                [
                    CheckedMark(search.MAIN, SEARCH),
                    CheckedMark(search.ROW, SEARCH),
                    CheckedMark(search.LIMIT),
                ],
                lambda: check_search(site),
            ),
            CheckedPage(
                "invitations", "the sent invitations", invitations.ADDRESS, Kind.WITHDRAW,
                INVITATIONS | WITHDRAW, NAVIGATION,
                [
                    CheckedMark(invitations.PAGE, INVITATIONS),
                    CheckedMark(invitations.ROW),
                    CheckedMark(invitations.WITHDRAW),
                    CheckedMark(invitations.LOAD_MORE),
                ],
                lambda: check_invitations(site),
            ),
        ]  # fmt: skip
        conversations = CheckedPage(
            "inbox", "the list of conversations", "/messaging/compose/", Kind.GREET, INBOX, NAVIGATION,
            [CheckedMark(inbox.LIST, INBOX)],
            lambda: check_inbox(site), listed=inbox.LIST,
        )  # fmt: skip
        of_person = self._pages_of(CheckedPerson(site, request.profile)) if request.profile else []
        return [
            *pages,
            *([conversations] if request.inbox else []),
            *(of_person if request.compose else of_person[:1]),
        ]

    def _pages_of(self, person: CheckedPerson) -> Sequence[CheckedPage]:
        return [
            CheckedPage(
                "profile", "the profile", urlsplit(person.address).path, Kind.VISIT, PROFILE, NAVIGATION,
                [CheckedMark(profile.MAIN, PROFILE), CheckedMark(profile.TOP_CARD, PROFILE | RECIPIENT)],
                person.check_profile, visits=True,
            ),
            CheckedPage(
                "compose", "the page that writes to this person", "/messaging/compose/", Kind.GREET, SENDING,
                NAVIGATION,
                [
                    CheckedMark(messaging.COMPOSER, COMPOSER),
                    CheckedMark(messaging.SEND, SEND_BUTTON),
                    CheckedMark(messaging.SEND_TOGGLE),
                    CheckedMark(messaging.RECIPIENT, RECIPIENT),
                    CheckedMark(messaging.MESSAGE, OWN_OR_OTHER | SERVER_ID),
                    CheckedMark(messaging.INCOMING),
                    CheckedMark(messaging.PREMIUM),
                ],
                person.check_compose, find_path=person.find_compose_path,
            ),
        ]  # fmt: skip

    def _open(self, path: str, main: Mark | None) -> None:
        """Open a path. The birthdays page has an older address too, and leads to no other page."""
        if path != birthdays.ADDRESSES[0]:
            self._site.open(path, main)
            return
        for address in birthdays.ADDRESSES:
            try:
                arrival = self._site.open(address, main)
            except NeverError:
                continue
            if set(arrival.path.split("/")) & birthdays.NAMES:
                return
        raise StopAccountError(Reason.SITE_CHANGED, "the birthdays page is at none of its known addresses")
