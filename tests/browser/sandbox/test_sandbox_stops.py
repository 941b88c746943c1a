"""Pages that need a person are recognised by address, status or notice."""

import pytest
from playwright.sync_api import Page, Route

from worker.browser.pool import BrowserPool
from worker.browser.sandbox import pages
from worker.errors import RapportError, Reason, StopAccountError, TryAgainError

SITE = "http://sandbox.test"


@pytest.fixture
def blank(browser_pool: BrowserPool) -> Page:
    return browser_pool.page_for(8, None)


def answers(page: Page, status: int, body: str) -> None:
    """Answer every request of the page like this."""

    def answer(route: Route) -> None:
        route.fulfill(status=status, content_type="text/html", body=f"<html><body>{body}</body></html>")

    page.unroute_all()
    page.route(f"{SITE}/**", answer)


def test_a_page_that_asks_for_a_person_is_told_by_any_of_its_marks(blank: Page) -> None:
    for path, status, body, kind, reason in (
        ("/checkpoint/1", 200, "Hello", StopAccountError, Reason.CHALLENGE),
        ("/login", 200, "Hello", StopAccountError, Reason.NOT_SIGNED_IN),
        ("/feed/", 429, "Hello", StopAccountError, Reason.LIMIT_PAGE),
        (
            "/feed/",
            200,
            "<h1>You have reached the limit of this week</h1>",
            StopAccountError,
            Reason.LIMIT_PAGE,
        ),
        ("/feed/", 500, "Hello", TryAgainError, Reason.SITE_UNREACHABLE),
        ("/feed/", 503, "Hello", TryAgainError, Reason.SITE_UNREACHABLE),
    ):
        answers(blank, status, body)
        with pytest.raises(RapportError) as failed:
            pages.open_page(blank, SITE + path)
        assert (type(failed.value), failed.value.reason) == (kind, reason), (path, status)


def test_any_other_page_is_only_opened(blank: Page) -> None:
    for path, status in (("/feed/", 200), ("/in/login/", 200), ("/in/ann/", 404)):
        answers(blank, status, "<p>There is no limit to what people say</p>")
        assert pages.open_page(blank, SITE + path) == status
