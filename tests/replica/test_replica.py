"""The replica itself, used by hand: what the tests of the adapter rest on.

These test the replica and nothing of Rapport, so they run in the soak: run them when you change the replica.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from api_stub.sandbox.faults import FaultName
from tests.replica.linkedin.client import ReplicaClient
from tests.replica.linkedin.people import LOGIN, PASSWORD
from tests.replica.linkedin.signin import PIN
from tests.replica.running import running_replica
from worker import clock
from worker.browser.pool import BrowserPool

pytestmark = pytest.mark.soak


@pytest.fixture
def page(browser_pool: BrowserPool, replica_state: str, replica: ReplicaClient) -> Iterator[Page]:
    page = browser_pool.page_for(901, replica_state)
    page.evaluate("() => {}")
    yield page
    page.goto("about:blank")


def _compose(page: Page, replica: ReplicaClient, slug: str) -> None:
    page.goto(f"{replica.base_url}/messaging/compose/?recipient={replica.member_id(slug)}")


def test_a_message_sent_by_hand_is_in_the_ledger_and_the_first_one_changes_the_address(
    page: Page, replica: ReplicaClient
) -> None:
    _compose(page, replica, "ada-example")
    send = page.locator(".msg-form__send-button")
    expect(send).to_be_disabled()
    page.locator(".msg-form__contenteditable").click()
    page.keyboard.insert_text("Happy birthday, Ada!\nSee you soon.")
    send.click()
    expect(page).to_have_url(re.compile(r"/messaging/thread/2-[^/]+==?/$"))
    shown = page.locator("[data-event-urn^='urn:li:msg_message:(']")
    expect(shown).to_have_count(1)
    (sent,) = replica.effects()
    assert (sent.kind, sent.to_id, sent.text) == (
        "message", replica.member_id("ada-example"), "Happy birthday, Ada!\nSee you soon.",
    )  # fmt: skip
    assert shown.get_attribute("data-event-urn") == sent.server_id


def _write(page: Page, text: str) -> None:
    page.locator(".msg-form__contenteditable").click()
    page.keyboard.insert_text(text)
    page.locator(".msg-form__send-button").click()


def test_the_inbox_opens_the_newest_conversation_and_marks_it_as_read(
    page: Page, replica: ReplicaClient
) -> None:
    page.goto(f"{replica.base_url}/messaging/compose/")
    unread = page.locator(".msg-conversation-card__unread-count")
    expect(unread).to_have_count(2)
    page.goto(f"{replica.base_url}/messaging/")
    expect(page).to_have_url(re.compile("/messaging/thread/2-"))
    expect(page.locator(".msg-form")).to_have_count(1)
    assert [line.slug for line in replica.lines() if line.kind == "opened"] == ["talk-01"]


def test_a_row_out_of_view_is_empty_until_it_is_scrolled_to(page: Page, replica: ReplicaClient) -> None:
    page.goto(f"{replica.base_url}/messaging/compose/")
    expect(page.locator("li.msg-conversation-listitem")).to_have_count(20)
    expect(page.locator("li.msg-conversation-card--occluded").first).to_be_attached()
    last = page.locator("li.msg-conversation-listitem").last
    expect(last).to_be_empty()
    last.scroll_into_view_if_needed()
    expect(last.locator("h3")).to_have_text(re.compile("Talk"))


@pytest.mark.parametrize("place", ["shadow", "frame"])
def test_a_link_on_a_page_of_the_newer_front_end_opens_a_chat_there(
    page: Page, replica: ReplicaClient, place: str
) -> None:
    replica.fault(FaultName.COMPOSER_PLACE, place)
    page.goto(f"{replica.base_url}/feed/")
    page.evaluate(
        "id => { const link = document.createElement('a'); link.textContent = 'Message';"
        "link.href = `/messaging/compose/?recipient=${id}`; document.querySelector('main').append(link); }",
        replica.member_id("ben-plain"),
    )
    page.locator("main a[href^='/messaging/compose/']").click()
    where = page.frame_locator("iframe") if place == "frame" else page.locator("#interop-outlet")
    composer = where.locator(".msg-form__contenteditable")
    composer.click()
    page.keyboard.insert_text("Hello")
    where.locator(".msg-form__send-button").click()
    expect(where.locator("h2.msg-overlay-bubble-header__title a")).to_have_attribute(
        "href", f"/in/{replica.member_id('ben-plain')}/"
    )
    assert [line.text for line in replica.effects()] == ["Hello"]


def test_a_killed_replica_goes_on_where_it_stopped(tmp_path: Path) -> None:
    with running_replica(tmp_path / "journal.jsonl") as first:
        first.write_as_person("ben-plain", "member", "Hello")
        first.set(language="fr")
        before = first.lines()
    with running_replica(tmp_path / "journal.jsonl") as second:
        assert second.lines() == before


def test_a_challenge_after_the_password_is_cleared_by_its_number(
    browser_pool: BrowserPool, replica: ReplicaClient
) -> None:
    replica.fault(FaultName.CHALLENGE_PAGE, path_prefix="/login", times=1)
    replica.set(session_days=30)
    page = browser_pool.page_for(903, None)
    page.goto(f"{replica.base_url}/feed/")
    page.locator("#username").fill(LOGIN)
    page.locator("#password").fill(PASSWORD)
    page.locator("form button").click()
    page.locator("#input__email_verification_pin").fill(PIN)
    page.locator("#email-pin-submit-button").click()
    expect(page).to_have_url(f"{replica.base_url}/feed/")
    (kept,) = [cookie for cookie in page.context.cookies() if cookie["name"] == "li_at"]
    assert 29 < (kept["expires"] - clock.now().timestamp()) / 86400 < 31


def test_the_page_goes_after_the_click(page: Page, replica: ReplicaClient) -> None:
    replica.fault(FaultName.LEAVES_AFTER_SEND, times=1)
    _compose(page, replica, "ben-plain")
    _write(page, "Hello")
    page.wait_for_url("**/feed/")
    assert [line.text for line in replica.effects()] == ["Hello"]


def test_a_message_that_shows_late_is_in_the_ledger_at_once(page: Page, replica: ReplicaClient) -> None:
    replica.fault(FaultName.LATE_SHOW_S, 3600, times=1)
    _compose(page, replica, "ben-plain")
    with page.expect_response(re.compile("createMessage")):
        _write(page, "Hello")
    _compose(page, replica, "ben-plain")
    page.locator(".msg-form").wait_for()
    expect(page.locator("[data-event-urn]")).to_have_count(0)
    assert [line.text for line in replica.effects()] == ["Hello"]
