"""A real practice network in its own process, and a real Chromium."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page

from api_stub.sandbox.client import KnownProfile, SandboxClient
from tests.conftest import TIMEOUT, StartSandbox, signed_in
from worker.browser.pool import BrowserPool
from worker.browser.sandbox.adapter import SandboxSite

# early in January, so that late birthdays fall in the previous year
TODAY = "2027-01-03"
BRIEF = timedelta(milliseconds=300)


@pytest.fixture(scope="session")
def fresh_state(start_sandbox: StartSandbox, tmp_path_factory: pytest.TempPathFactory) -> SandboxClient:
    return start_sandbox(tmp_path_factory.mktemp("sandbox") / "state.db", TODAY)[1]


@pytest.fixture(scope="session")
def everybody(fresh_state: SandboxClient) -> list[KnownProfile]:
    """The data of all people on the shared sandbox, in the order of a search."""
    return fresh_state.list_profiles()


@pytest.fixture
def sandbox(fresh_state: SandboxClient) -> Iterator[SandboxClient]:
    """The shared sandbox, without faults. Each test writes to its own people."""
    fresh_state.clear_faults()
    yield fresh_state
    fresh_state.clear_faults()


@pytest.fixture(scope="session")
def states(fresh_state: SandboxClient) -> dict[str, str]:
    """A storage state for each member, who needs no browser to sign in."""
    fresh_state.clear_faults()
    return {member: signed_in(fresh_state, member) for member in ("demo", "demo2")}


@pytest.fixture
def page(browser_pool: BrowserPool, states: dict[str, str]) -> Iterator[Page]:
    """The page of the English member, signed in."""
    page = browser_pool.page_for(1, states["demo"])
    yield page
    # close what the next test could mistake for its own
    with suppress(PlaywrightError):
        page.goto("about:blank")


@pytest.fixture
def french_page(browser_pool: BrowserPool, states: dict[str, str]) -> Page:
    return browser_pool.page_for(2, states["demo2"])


@pytest.fixture
def site(page: Page, sandbox: SandboxClient) -> SandboxSite:
    return SandboxSite(page, sandbox.base_url, TIMEOUT)


class Sites(dict[str, SandboxSite]):
    """The site as each member sees it, and their pages."""

    def __init__(self, pages: dict[str, Page], base_url: str) -> None:
        super().__init__({member: SandboxSite(page, base_url, TIMEOUT) for member, page in pages.items()})
        self.pages = pages


@pytest.fixture
def sites(page: Page, french_page: Page, sandbox: SandboxClient) -> Sites:
    return Sites({"demo": page, "demo2": french_page}, sandbox.base_url)


@pytest.fixture
def brief_site(page: Page, sandbox: SandboxClient) -> SandboxSite:
    """A site with a short wait for the proof, for tests in which it fails."""
    return SandboxSite(page, sandbox.base_url, TIMEOUT, proof_wait=BRIEF)


@pytest.fixture
def french_site(french_page: Page, sandbox: SandboxClient) -> SandboxSite:
    return SandboxSite(french_page, sandbox.base_url, TIMEOUT)
