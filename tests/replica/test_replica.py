"""The replica itself, used by hand: what the tests of the adapter rest on."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.replica.linkedin.client import ReplicaClient
from worker.browser.pool import BrowserPool


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
