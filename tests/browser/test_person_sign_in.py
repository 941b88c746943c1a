"""Rapport waits while a person signs in, touches nothing, and notices when it is done."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page

from api_stub.sandbox.client import SandboxClient
from api_stub.sandbox.faults import FaultName
from worker.browser.person_sign_in import wait_for_person
from worker.browser.pool import BrowserPool
from worker.browser.sandbox.adapter import SandboxSite
from worker.browser.sandbox.signin import sign_in
from worker.errors import RequestRefusedError

WINDOW = 55
BRIEF = timedelta(milliseconds=200)


class Person:
    """Does one thing in the window, once the page is there, and notes where it looked."""

    def __init__(self, sandbox: SandboxClient) -> None:
        self.sandbox = sandbox
        self.seen: list[str] = []

    def __call__(self, page: Page) -> None:
        self.seen.append(page.url.removeprefix(self.sandbox.base_url))

    def wait(
        self, pool: BrowserPool, state: str | None, time_limit: timedelta = timedelta(seconds=20)
    ) -> None:
        wait_for_person(
            pool,
            WINDOW,
            address=f"{self.sandbox.base_url}/feed/",
            state=state,
            looks_signed_in=SandboxSite.looks_signed_in,
            attend=self,
            time_limit=time_limit,
        )
        pool.close_context(WINDOW)


class Signs(Person):
    def __call__(self, page: Page) -> None:
        super().__call__(page)
        if len(self.seen) == 3:
            sign_in(page, self.sandbox.base_url, "demo", "demo-password")


class SignsInAnotherTab(Person):
    def __call__(self, page: Page) -> None:
        super().__call__(page)
        if len(self.seen) == 3:
            sign_in(page.context.new_page(), self.sandbox.base_url, "demo", "demo-password")
            page.close()


class Closes(Person):
    def __call__(self, page: Page) -> None:
        page.close()


class Answers(Person):
    def __call__(self, page: Page) -> None:
        super().__call__(page)
        if len(self.seen) == 20:  # meanwhile the challenge is there, and nobody is signed in
            page.goto(f"{self.sandbox.base_url}/feed/")


@pytest.mark.parametrize("does", [Signs, SignsInAnotherTab])
def test_it_waits_until_the_page_shows_a_signed_in_person(
    browser_pool: BrowserPool, sandbox: SandboxClient, does: type[Person]
) -> None:
    person = does(sandbox)
    person.wait(browser_pool, None)
    assert person.seen[0].startswith("/login")
    assert person.seen[-1].startswith("/feed/")


def test_a_challenge_is_answered_in_the_window_that_starts_from_the_kept_session(
    browser_pool: BrowserPool, sandbox: SandboxClient, states: dict[str, str]
) -> None:
    sandbox.fault(FaultName.CHALLENGE_PAGE, times=1, path_prefix="/feed/")
    person = Answers(sandbox)
    person.wait(browser_pool, states["demo"])
    assert set(person.seen[:20]) == {"/checkpoint/challenge/"}


def test_time_runs_out(browser_pool: BrowserPool, sandbox: SandboxClient) -> None:
    with pytest.raises(RequestRefusedError, match="nothing was kept"):
        Person(sandbox).wait(browser_pool, None, BRIEF)
    browser_pool.close_context(WINDOW)


def test_a_closed_window_ends_it(browser_pool: BrowserPool, sandbox: SandboxClient) -> None:
    with pytest.raises(RequestRefusedError, match="the window was closed"):
        Closes(sandbox).wait(browser_pool, None)
    browser_pool.close_context(WINDOW)
