"""LinkedIn's adapter on small pages made by hand, which Chromium gets in place of the site."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, Route

from tests.browser.linkedin.messaging_pages import BASE
from worker.browser.linkedin.adapter import LinkedInSite
from worker.browser.pool import BrowserPool

WAIT = timedelta(seconds=1)
"""How long the adapter waits for what doesn't come."""
LOADING_MS = 30_000
LINKEDIN_ACCOUNT = 201

Serve = Callable[..., None]


@pytest.fixture(scope="module")
def tab(browser_pool: BrowserPool) -> Iterator[Page]:
    page = browser_pool.page_for(7, None)
    yield page
    browser_pool.close_context(7)


@pytest.fixture
def serve(tab: Page) -> Iterator[Serve]:
    """Answer the path with a page of this body, in this language; anything else with 404."""
    answers: dict[str, str] = {}

    def answer(route: Route) -> None:
        body = answers.get(urlsplit(route.request.url).path)
        route.fulfill(status=200 if body else 404, content_type="text/html; charset=utf-8", body=body or "")

    def set_page(path: str, body: str, *, language: str = "en", title: str = "LinkedIn") -> None:
        answers[path] = (
            f"<!doctype html><html lang={language}><title>{title}</title><body data-rehydrated=true>"
            "<header><nav data-testid=primary-nav><a href=/feed/>Home</a></nav></header>"
            f"<main id=workspace>{body}</main></body></html>"
        )

    tab.route("**/*", answer)
    yield set_page
    tab.unroute("**/*", answer)


@pytest.fixture
def site(tab: Page) -> LinkedInSite:
    return LinkedInSite(tab, BASE, timedelta(seconds=5))


class Pages:
    """The pages that the browser gets, by path; any other path is a page that doesn't exist."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.bodies: dict[str, str] = {}
        self.opened: list[str] = []

    def answer(self, route: Route) -> None:
        address = urlsplit(route.request.url)
        if route.request.resource_type == "document" and route.request.frame is self.page.main_frame:
            self.opened.append(address.path + (f"?{address.query}" if address.query else ""))
        body = self.bodies.get(address.path)
        route.fulfill(status=200 if body else 404, body=body or "", content_type="text/html; charset=utf-8")


@pytest.fixture
def pages(browser_pool: BrowserPool) -> Iterator[Pages]:
    pages = Pages(browser_pool.page_for(LINKEDIN_ACCOUNT, None))
    pages.page.route("**/*", pages.answer)
    yield pages
    with suppress(PlaywrightError):
        pages.page.goto("about:blank")
    pages.page.unroute("**/*", pages.answer)


@pytest.fixture
def linkedin(pages: Pages) -> LinkedInSite:
    site = LinkedInSite(pages.page, BASE, WAIT)
    pages.page.set_default_timeout(LOADING_MS)
    pages.page.set_default_navigation_timeout(LOADING_MS)
    return site
