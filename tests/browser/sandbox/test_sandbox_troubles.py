"""Every fault of the site becomes the right error with the right reason."""

from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page

from api_stub.sandbox.client import SandboxClient
from api_stub.sandbox.faults import FaultName
from tests.conftest import TIMEOUT, StartSandbox
from worker.browser.pool import BrowserPool
from worker.browser.sandbox.adapter import SandboxSite
from worker.browser.sandbox.signin import sign_in
from worker.errors import NeverError, RapportError, Reason, StopAccountError, TryAgainError

SECRET = "a text that no error may quote"


def url(slug: str) -> str:
    return f"https://sandbox.test/in/{slug}/"


STRUCK = [
    (FaultName.CHALLENGE_PAGE, StopAccountError, Reason.CHALLENGE),
    (FaultName.STATUS_429, StopAccountError, Reason.LIMIT_PAGE),
    (FaultName.LIMIT_PAGE, StopAccountError, Reason.LIMIT_PAGE),
    (FaultName.HTTP_500, TryAgainError, Reason.SITE_UNREACHABLE),
]


@pytest.mark.parametrize("struck", STRUCK)
@pytest.mark.parametrize("which", ["site", pytest.param("french_site", marks=pytest.mark.soak)])
def test_a_struck_page(
    which: str,
    struck: tuple[FaultName, type[RapportError], Reason],
    sandbox: SandboxClient,
    request: pytest.FixtureRequest,
) -> None:
    fault, kind, reason = struck
    site: SandboxSite = request.getfixturevalue(which)
    sandbox.fault(fault)
    for visit in (
        site.signed_in,
        lambda: site.birthdays(sandbox.today()),
        lambda: site.open_thread(url("mo")),
    ):
        with pytest.raises(kind) as failed:
            visit()
        assert failed.value.reason is reason


@pytest.mark.parametrize(("fault", "kind", "reason"), STRUCK[2:])
def test_a_struck_conversation(
    fault: FaultName, kind: type[RapportError], reason: Reason, page: Page, sandbox: SandboxClient
) -> None:
    """The profile opens, the overlay doesn't: after a 500 the page has no conversation."""
    site = SandboxSite(page, sandbox.base_url, timedelta(seconds=1))
    sandbox.fault(fault, path_prefix="/messaging/")
    with pytest.raises(kind) as failed:
        site.open_thread(url("mo"))
    assert failed.value.reason is (Reason.SITE_UNEXPECTED if kind is TryAgainError else reason)


@pytest.mark.parametrize(
    ("fault", "kind", "reason"),
    [STRUCK[0], *(pytest.param(*each, marks=pytest.mark.soak) for each in STRUCK[1:3])],
)
def test_a_stop_at_the_send_surfaces(
    fault: FaultName, kind: type[RapportError], reason: Reason, site: SandboxSite, sandbox: SandboxClient
) -> None:
    thread = site.open_thread(url("gulsen-yildiz"))
    thread.type(SECRET)
    SandboxSite(site._page, sandbox.base_url, timedelta(seconds=1))  # nothing that is waited for comes now
    sandbox.fault(fault, path_prefix="/messaging/")
    thread.click_send()
    with pytest.raises(kind) as failed:
        thread.proof(SECRET, more_than=0)
    assert failed.value.reason is reason
    assert SECRET not in str(failed.value)
    assert all(effect.slug != "gulsen-yildiz" for effect in sandbox.ledger())


def test_an_expired_session(
    browser_pool: BrowserPool, sandbox: SandboxClient, states: dict[str, str]
) -> None:
    page = browser_pool.page_for(7, None)
    sign_in(page, sandbox.base_url, "demo", "demo-password")
    site = SandboxSite(page, sandbox.base_url, TIMEOUT)
    sandbox.fault(FaultName.EXPIRED_SESSION, times=1)
    with pytest.raises(StopAccountError) as stopped:
        site.birthdays(sandbox.today())
    assert stopped.value.reason is Reason.NOT_SIGNED_IN
    assert not site.signed_in()
    browser_pool.close_context(7)
    # all sessions are gone, those of the shared members too
    for member in states:
        sign_in(page := browser_pool.page_for(7, None), sandbox.base_url, member, "demo-password")
        states[member] = browser_pool.storage_state(7)
        browser_pool.close_context(7)
        assert page.is_closed()


def test_a_page_that_never_answers(page: Page, sandbox: SandboxClient) -> None:
    site = SandboxSite(page, sandbox.base_url, timedelta(seconds=1))
    sandbox.fault(FaultName.HANG, times=1)
    with pytest.raises(TryAgainError) as failed:
        site.birthdays(sandbox.today())
    assert failed.value.reason is Reason.SITE_UNREACHABLE


def test_a_slow_page_is_waited_for(site: SandboxSite, sandbox: SandboxClient) -> None:
    sandbox.fault(FaultName.SLOW, 300, times=1)
    assert site.birthdays(sandbox.today())


def test_a_site_that_is_not_there(page: Page) -> None:
    # port 9 is "discard": nothing listens
    site = SandboxSite(page, "http://127.0.0.1:9", TIMEOUT)
    with pytest.raises(TryAgainError) as failed:
        site.signed_in()
    assert failed.value.reason is Reason.SITE_UNREACHABLE


def test_a_profile_that_is_gone(site: SandboxSite, sandbox: SandboxClient) -> None:
    sandbox.change("dmitri-petrov", deleted=True)
    with pytest.raises(NeverError) as never:
        site.open_thread(url("dmitri-petrov"))
    assert never.value.reason is Reason.PROFILE_GONE
    sandbox.change("dmitri-petrov", deleted=False)
    site.open_thread(url("dmitri-petrov")).close()


@pytest.mark.parametrize("which", [pytest.param("site", marks=pytest.mark.soak), "french_site"])
def test_a_person_no_longer_connected(
    which: str, sandbox: SandboxClient, request: pytest.FixtureRequest
) -> None:
    site: SandboxSite = request.getfixturevalue(which)
    sandbox.change("soren-ostergaard", connected=False)
    with pytest.raises(NeverError) as never:
        site.open_thread(url("soren-ostergaard"))
    assert never.value.reason is Reason.NOT_CONNECTED
    sandbox.change("soren-ostergaard", connected=True)


def test_a_restart_forgets_nothing(
    start_sandbox: StartSandbox,
    browser_pool: BrowserPool,
    tmp_path: Path,
) -> None:
    process, client = start_sandbox(tmp_path / "state.db", None)
    page = browser_pool.page_for(8, None)
    sign_in(page, client.base_url, "demo", "demo-password")
    thread = SandboxSite(page, client.base_url, TIMEOUT).open_thread(url("mo"))
    thread.type("Happy birthday, Mo!")
    thread.click_send()
    assert thread.proof("Happy birthday, Mo!", more_than=0)
    client.fault(FaultName.MARKUP, "b")
    people, ledger = client.people(), client.ledger()
    process.kill()
    process.wait(60)

    _, again = start_sandbox(tmp_path / "state.db", None)
    assert again.people() == people
    assert again.ledger() == ledger
    site = SandboxSite(page, again.base_url, TIMEOUT)
    assert site.signed_in()
    assert [m.text for m in site.open_thread(url("mo")).messages()] == ["Happy birthday, Mo!"]
    assert again.views("demo")["/in/mo/"] == 2
    browser_pool.close_context(8)
