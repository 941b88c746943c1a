"""Small pages made by hand, answered in place of LinkedIn's."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Route

from worker.browser.linkedin.adapter import LinkedInSite
from worker.browser.pool import BrowserPool

BASE = "http://127.0.0.1:9"
"""No server is there: the browser's requests are answered by the test."""

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
