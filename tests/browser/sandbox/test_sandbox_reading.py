"""Signing in, birthdays and recipients, in both languages and both mark-ups."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page

from api_stub.sandbox.client import SandboxClient
from api_stub.sandbox.faults import FaultName
from tests import web
from tests.conftest import TIMEOUT
from worker.browser.pool import BrowserPool
from worker.browser.sandbox.adapter import SandboxSite
from worker.browser.sandbox.signin import sign_in
from worker.browser.site import Site
from worker.errors import RapportError, Reason, StopAccountError, TryAgainError

both_markups = pytest.mark.parametrize("markup", ["a", "b"])
both_members = pytest.mark.parametrize("which", ["site", "french_site"])


def url(slug: str) -> str:
    return f"https://sandbox.test/in/{slug}/"


@both_members
def test_a_signed_in_member_is_signed_in(which: str, request: pytest.FixtureRequest) -> None:
    site: SandboxSite = request.getfixturevalue(which)
    assert site.signed_in()


def test_the_adapter_is_a_site(site: SandboxSite) -> None:
    """mypy checks the types; the other tests check the methods."""
    same: Site = site
    assert same is site


def test_nobody_is_signed_in_without_a_session(browser_pool: BrowserPool, sandbox: SandboxClient) -> None:
    page = browser_pool.page_for(9, None)
    stranger = SandboxSite(page, sandbox.base_url, TIMEOUT)
    assert not stranger.signed_in()
    with pytest.raises(StopAccountError) as stopped:
        stranger.birthdays(sandbox.today())
    assert stopped.value.reason is Reason.NOT_SIGNED_IN
    browser_pool.close_context(9)


def test_a_wrong_password_is_refused(browser_pool: BrowserPool, sandbox: SandboxClient) -> None:
    with pytest.raises(StopAccountError) as stopped:
        sign_in(browser_pool.page_for(9, None), sandbox.base_url, "demo", "not-it")
    assert stopped.value.reason is Reason.NOT_SIGNED_IN
    assert "not-it" not in str(stopped.value)
    browser_pool.close_context(9)


@pytest.mark.parametrize(
    "target", ["https://elsewhere.test/", "//elsewhere.test/", "/\\elsewhere.test", "feed"]
)
def test_signing_in_leads_nowhere_else(sandbox: SandboxClient, target: str) -> None:
    form = {"name": "demo", "password": "demo-password", "next": target}
    answer = web.post(f"{sandbox.base_url}/login", data=form)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/feed/"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


def test_pages_need_a_session_and_the_back_door_its_key(sandbox: SandboxClient) -> None:
    answer = web.get(f"{sandbox.base_url}/birthdays/?page=2")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=%2Fbirthdays%2F%3Fpage%3D2"
    for path in ("faults", "ledger", "views", "people"):
        assert web.get(f"{sandbox.base_url}/_sandbox/{path}").status_code == 403


@both_markups
@both_members
def test_birthdays_are_the_truth(
    which: str, markup: str, sandbox: SandboxClient, request: pytest.FixtureRequest
) -> None:
    site: SandboxSite = request.getfixturevalue(which)
    sandbox.fault(FaultName.MARKUP, markup)
    today = sandbox.today()
    read = {(card.profile_url, card.full_name, card.on) for card in site.birthdays(today)}
    near = [p for p in sandbox.people() if (today - p.birthday_on).days <= 10]
    assert read == {(url(p.slug), p.name, p.birthday_on) for p in near}
    days = sorted((today - p.birthday_on).days for p in near)
    assert days == [0, 0, 0, 0, 0, 1, 2, 2, 3, 4, 5, 6, 7]


def test_no_birthdays_is_an_answer(site: SandboxSite, sandbox: SandboxClient) -> None:
    near = [p.slug for p in sandbox.people() if (sandbox.today() - p.birthday_on).days <= 10]
    for slug in near:
        sandbox.change(slug, connected=False)
    assert site.birthdays(sandbox.today()) == []
    for slug in near:
        sandbox.change(slug, connected=True)


def test_a_birthdays_page_without_its_marks_is_unexpected(page: Page, sandbox: SandboxClient) -> None:
    site = SandboxSite(page, sandbox.base_url, timedelta(seconds=1))
    page.route(
        "**/birthdays/", lambda route: route.fulfill(body="<h1>Birthdays</h1>", content_type="text/html")
    )
    with pytest.raises(TryAgainError) as failed:
        site.birthdays(sandbox.today())
    page.unroute("**/birthdays/")
    assert failed.value.reason is Reason.SITE_UNEXPECTED


@both_markups
@pytest.mark.parametrize("slug", ["maria-garcia-84", "maria-garcia-lopez"])
def test_the_recipient_is_read_from_the_conversation(
    site: SandboxSite, sandbox: SandboxClient, slug: str, markup: str
) -> None:
    sandbox.fault(FaultName.MARKUP, markup)
    thread = site.open_thread(f"{sandbox.base_url}/in/{slug}?trk=birthdays#card")
    assert thread.recipient() == url(slug)
    thread.close()


def test_a_conversation_with_the_wrong_twin_is_seen(site: SandboxSite, sandbox: SandboxClient) -> None:
    sandbox.fault(FaultName.WRONG_THREAD, "maria-garcia-lopez")
    thread = site.open_thread(url("maria-garcia-84"))
    assert thread.recipient() == url("maria-garcia-lopez")


def test_a_second_open_conversation_is_an_error(
    site: SandboxSite, page: Page, sandbox: SandboxClient
) -> None:
    thread = site.open_thread(url("mo"))
    page.get_by_role("complementary").get_by_role("button").first.click()
    page.get_by_role("dialog").nth(1).wait_for()
    with pytest.raises(RapportError):
        thread.recipient()
    with pytest.raises(RapportError):
        thread.click_send()
    assert all(effect.slug != "mo" for effect in sandbox.ledger())


@pytest.mark.parametrize(
    "address",
    [
        "https://sandbox.test/in/Zoe-Lefevre",
        "http://127.0.0.1:4242/in/zoe-lefevre/?trk=birthdays#card",
        "/in/ZOE-LEFEVRE/",
    ],
)
def test_one_person_has_one_address(site: SandboxSite, address: str) -> None:
    assert site.normalise(address) == url("zoe-lefevre")


@pytest.mark.parametrize("address", ["", "https://sandbox.test/feed/", "/in/", "/in/a/b/"])
def test_what_is_no_profile_has_no_address(site: SandboxSite, address: str) -> None:
    with pytest.raises(TryAgainError):
        site.normalise(address)
