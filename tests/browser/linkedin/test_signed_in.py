"""What a page that a person is on must show to count as signed in. It is only looked at."""

import pytest
from playwright.sync_api import Page

from tests.browser.linkedin.conftest import Serve
from tests.browser.linkedin.messaging_pages import BASE
from worker.browser.linkedin.adapter import LinkedInSite

FORM = "<form class=login__form><input name=session_key><input name=session_password type=password></form>"


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/feed/", "<p>news</p>", True),
        ("/in/login-smith/", "<p>a profile</p>", True),
        ("/feed/", FORM, False),
        ("/feed/", "<div id=captchaV2Challenge_1>prove it</div>", False),
        ("/checkpoint/challengesV2/abc", "<p>prove it</p>", False),
        ("/uas/login", "<p>sign in</p>", False),
    ],
)
def test_a_wall_under_the_navigation_is_not_signed_in(
    tab: Page, serve: Serve, path: str, body: str, expected: bool
) -> None:
    serve(path, body)
    tab.goto(BASE + path)
    assert LinkedInSite.looks_signed_in(tab) is expected
