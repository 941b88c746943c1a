"""LinkedIn's adapter on small pages made by hand, which Chromium gets in place of the site."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta

import pytest
from playwright.sync_api import Error as PlaywrightError

from tests.browser.linkedin.messaging.pages import BASE, Pages
from worker.browser.linkedin.adapter import LinkedInSite
from worker.browser.pool import BrowserPool

WAIT = timedelta(seconds=1)
"""How long the adapter waits for what doesn't come."""
LOADING_MS = 30_000
LINKEDIN_ACCOUNT = 201


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
