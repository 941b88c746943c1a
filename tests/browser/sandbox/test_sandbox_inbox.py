"""The inbox in both languages and mark-ups, and that reading it changes nothing."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page

from api_stub.sandbox.client import SandboxClient
from api_stub.sandbox.faults import FaultName
from tests.browser.conftest import TODAY
from tests.conftest import TIMEOUT, StartSandbox
from worker import clock
from worker.browser.pool import BrowserPool
from worker.browser.sandbox.adapter import SandboxSite
from worker.browser.sandbox.signin import sign_in
from worker.errors import Reason, StopAccountError, TryAgainError

both_markups = pytest.mark.parametrize("markup", ["a", "b"])
both_members = pytest.mark.parametrize("member", ["demo", "demo2"])

LINE = (
    '<div role="list"><div role="listitem" data-outgoing="true"><a href="/in/mo/">Mo</a>'
    '<time datetime="{at}">then</time></div></div>'
)


def url(slug: str) -> str:
    return f"https://sandbox.test/in/{slug}/"


@pytest.fixture(scope="module")
def shared(start_sandbox: StartSandbox, tmp_path_factory: pytest.TempPathFactory) -> SandboxClient:
    return start_sandbox(tmp_path_factory.mktemp("inbox") / "state.db", TODAY)[1]


@pytest.fixture
def network(shared: SandboxClient) -> Iterator[SandboxClient]:
    """A network to which only these tests write."""
    shared.clear_faults()
    yield shared
    shared.clear_faults()


@pytest.fixture(scope="module")
def pages(shared: SandboxClient, browser_pool: BrowserPool) -> Iterator[dict[str, Page]]:
    """A signed-in page of each member."""
    shared.clear_faults()
    pages = {}
    for account_id, member in enumerate(("demo", "demo2"), start=111):
        pages[member] = browser_pool.page_for(account_id, None)
        sign_in(pages[member], shared.base_url, member, "demo-password")
    yield pages
    for account_id in (111, 112):
        with suppress(PlaywrightError):
            browser_pool.close_context(account_id)


def site_of(page: Page, network: SandboxClient, timeout: timedelta = TIMEOUT) -> SandboxSite:
    return SandboxSite(page, network.base_url, timeout)


@pytest.mark.parametrize(
    ("member", "markup"),
    [
        ("demo", "a"),
        ("demo2", "b"),
        pytest.param("demo", "b", marks=pytest.mark.soak),
        pytest.param("demo2", "a", marks=pytest.mark.soak),
    ],
)
def test_the_inbox_is_the_truth(
    network: SandboxClient, pages: dict[str, Page], member: str, markup: str
) -> None:
    network.fault(FaultName.MARKUP, markup)
    began = clock.now()
    network.write_as_person("maria-garcia-84", member, "Thank you!")
    network.write_as_member("wang-xiaoming", member, "Happy birthday!")
    network.write_as_member("maria-garcia-lopez", member, "Happy birthday!")
    network.write_as_person("maria-garcia-lopez", member, "You: <b>are kind</b>\nSent by you")
    other = "demo2" if member == "demo" else "demo"
    network.write_as_person("mo", other, "not for this member")
    lines = site_of(pages[member], network).inbox(began)
    assert [(line.profile_url, line.outgoing) for line in lines] == [
        (url("maria-garcia-lopez"), False),
        (url("wang-xiaoming"), True),
        (url("maria-garcia-84"), False),
    ]
    newest, middle, oldest = (line.at for line in lines)
    assert began < oldest < middle < newest < clock.now()


def test_pages_are_walked_until_one_is_older(network: SandboxClient, pages: dict[str, Page]) -> None:
    began = clock.now()
    people = [person.slug for person in network.people()][:25]
    for slug in people:
        network.write_as_person(slug, "demo", f"Hello from {slug}")
    site = site_of(pages["demo"], network)
    looked = network.views("demo").get("/messaging/", 0)
    lines = site.inbox(began)
    assert [line.profile_url for line in lines] == [url(slug) for slug in reversed(people)]
    assert network.views("demo")["/messaging/"] == looked + 2
    newest = site.inbox(lines[2].at)
    assert newest == lines[:3]
    assert network.views("demo")["/messaging/"] == looked + 3


def test_a_next_page_that_is_the_same_one_ends_the_walk(
    network: SandboxClient, pages: dict[str, Page]
) -> None:
    page = pages["demo"]
    body = (
        f"<h1>Messaging</h1><main>{LINE.format(at='2027-01-01T09:00:00+00:00')}"
        '<a href="/messaging/">Older conversations</a></main>'
    )
    page.route("**/messaging/", lambda route: route.fulfill(body=body, content_type="text/html"))
    lines = site_of(page, network).inbox(datetime(2027, 1, 1, tzinfo=UTC))
    page.unroute("**/messaging/")
    assert [line.profile_url for line in lines] == [url("mo")]


@both_markups
def test_reading_takes_no_unread_mark_but_opening_does(
    network: SandboxClient, pages: dict[str, Page], markup: str
) -> None:
    network.fault(FaultName.MARKUP, markup)
    began = clock.now()
    network.write_as_person("mo", "demo2", "Merci !")
    page = pages["demo2"]
    site = site_of(page, network)
    for _ in range(2):
        site.inbox(began)
        mark = page.get_by_role("listitem").first.locator(".unread")
        assert mark.count() == 1
        assert "Non lu" in {mark.inner_text(), mark.get_attribute("aria-label")}
    thread = site.open_thread(url("mo"))
    assert [message.text for message in thread.messages()][-1] == "Merci !"
    site.inbox(began)
    assert page.get_by_role("listitem").first.locator(".unread").count() == 0


def test_an_empty_inbox_is_an_answer(
    browser_pool: BrowserPool,
    start_sandbox: StartSandbox,
    pages: dict[str, Page],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    _, quiet = start_sandbox(tmp_path_factory.mktemp("quiet") / "state.db", TODAY)
    page = browser_pool.page_for(113, None)
    sign_in(page, quiet.base_url, "demo2", "demo-password")
    assert site_of(page, quiet).inbox(clock.now() - timedelta(days=30)) == []
    browser_pool.close_context(113)


def test_what_is_written_by_hand_is_in_the_thread_and_no_effect_of_ours(
    network: SandboxClient, pages: dict[str, Page]
) -> None:
    network.write_as_member("dr-anke-de-wit", "demo", "Good to see you yesterday")
    thread = site_of(pages["demo"], network).open_thread(url("dr-anke-de-wit"))
    assert [(m.outgoing, m.text) for m in thread.messages()][-1] == (True, "Good to see you yesterday")
    assert network.ledger() == []


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (FaultName.CHALLENGE_PAGE, Reason.CHALLENGE),
        (FaultName.LIMIT_PAGE, Reason.LIMIT_PAGE),
        (FaultName.STATUS_429, Reason.LIMIT_PAGE),
    ],
)
@both_members
def test_a_page_that_asks_for_a_person_stops_the_account(
    network: SandboxClient, pages: dict[str, Page], member: str, fault: FaultName, reason: Reason
) -> None:
    network.fault(fault, path_prefix="/messaging/")
    with pytest.raises(StopAccountError) as stopped:
        site_of(pages[member], network).inbox(clock.now())
    assert stopped.value.reason is reason


def test_without_a_session_the_inbox_asks_to_sign_in(
    browser_pool: BrowserPool, network: SandboxClient
) -> None:
    with pytest.raises(StopAccountError) as stopped:
        site_of(browser_pool.page_for(113, None), network).inbox(clock.now())
    assert stopped.value.reason is Reason.NOT_SIGNED_IN
    browser_pool.close_context(113)


@pytest.mark.parametrize(
    "body",
    [
        "<h1>Messaging</h1>",
        f"<h1>Messaging</h1><main>{LINE.format(at='')}</main>",
        f"<h1>Messaging</h1><main>{LINE.format(at='2027-01-01T09:00:00')}</main>",
        f"<h1>Messaging</h1><main>{LINE.format(at='2027-01-01T09:00:00Z').replace('data-', 'x-')}</main>",
    ],
    ids=["no marks", "no time", "a time of no zone", "no sender"],
)
def test_an_inbox_without_its_marks_is_unexpected(
    network: SandboxClient, pages: dict[str, Page], body: str
) -> None:
    page = pages["demo"]
    page.route("**/messaging/", lambda route: route.fulfill(body=body, content_type="text/html"))
    with pytest.raises(TryAgainError) as failed:
        site_of(page, network, timedelta(seconds=1)).inbox(clock.now())
    page.unroute("**/messaging/")
    assert failed.value.reason is Reason.SITE_UNEXPECTED
