"""A person signs in to LinkedIn's pages, and no wall is taken for a signed-in member."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page

from api_stub.sandbox.faults import FaultName
from tests.replica.linkedin.client import ReplicaClient
from tests.replica.linkedin.people import LOGIN, PASSWORD
from worker.browser.kept_session import prove_session
from worker.browser.linkedin.adapter import LinkedInSite
from worker.browser.person_sign_in import wait_for_person
from worker.browser.pool import BrowserPool
from worker.errors import RequestRefusedError
from worker.rules.sites.registry import SITES
from worker.settings import Settings
from worker.sign_in.storage_state import find_expiry, keep_own, own_hosts

WINDOW = 903


def wait(
    pool: BrowserPool, replica: ReplicaClient, state: str | None, person: list[str], limit: timedelta
) -> None:
    """Wait for a sign-in; `person` gets the paths of the pages, and types once the form is there."""

    def attend(page: Page) -> None:
        person.append(page.url.removeprefix(replica.base_url))
        if len(person) == 3 and state is None:
            page.locator("[name=session_key]").fill(LOGIN)
            page.locator("[name=session_password]").fill(PASSWORD)
            page.locator("[name=session_password]").press("Enter")

    wait_for_person(
        pool,
        WINDOW,
        address=LinkedInSite.sign_in_address(Settings.model_construct(linkedin_url=replica.base_url)),
        state=state,
        looks_signed_in=LinkedInSite.looks_signed_in,
        attend=attend,
        time_limit=limit,
    )


def test_a_person_signs_in_and_the_key_cookie_says_for_how_long(
    browser_pool: BrowserPool, replica: ReplicaClient
) -> None:
    person: list[str] = []
    wait(browser_pool, replica, None, person, timedelta(seconds=30))
    assert person[0].startswith("/uas/login")
    assert person[-1].startswith("/feed/")
    is_own = own_hosts("linkedin", f"{replica.base_url}/feed/")
    state = prove_session(
        browser_pool,
        WINDOW,
        lambda page: LinkedInSite(page, replica.base_url, timedelta(seconds=20)).signed_in(),
        lambda state: keep_own(state, is_own),
    )
    browser_pool.close_context(WINDOW)
    expires = find_expiry(state, SITES["linkedin"].session_cookie)
    assert expires is not None
    assert expires > datetime.now(UTC) + timedelta(days=300)  # noqa: TID251 -- set by the browser's clock


@pytest.mark.parametrize("wall", [FaultName.CHALLENGE_PAGE, FaultName.CHOOSER, FaultName.WALL_IN_PLACE])
def test_no_wall_looks_signed_in(
    browser_pool: BrowserPool, replica: ReplicaClient, replica_state: str, wall: FaultName
) -> None:
    replica.fault(wall, 0 if wall is FaultName.WALL_IN_PLACE else None, times=1)
    with pytest.raises(RequestRefusedError, match="nobody signed in"):
        wait(browser_pool, replica, replica_state, [], timedelta(seconds=1.5))
    browser_pool.close_context(WINDOW)
