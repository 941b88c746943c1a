"""LinkedIn's adapter on small pages made by hand, which Chromium gets in place of the site."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, Route

from tests.browser.linkedin.messaging_pages import BASE, Pages
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
    return open_site(pages, proof_wait=timedelta(seconds=15))


@pytest.fixture
def brief_linkedin(pages: Pages) -> LinkedInSite:
    """The site with a short wait for a proof, for tests in which none comes."""
    return open_site(pages, proof_wait=WAIT)


def open_site(pages: Pages, proof_wait: timedelta) -> LinkedInSite:
    site = LinkedInSite(pages.page, BASE, WAIT)
    site._proof_wait = proof_wait  # longer than the wait for anything else
    pages.page.set_default_timeout(LOADING_MS)
    pages.page.set_default_navigation_timeout(LOADING_MS)
    return site
