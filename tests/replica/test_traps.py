"""Each trap of the replica's conversations: what a person would see, and what reached the site.

These test the replica and nothing of Rapport, so they run in the soak: run them when you change the replica.
"""

import base64
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from api_stub.sandbox.faults import FaultName, Value
from tests.replica.linkedin.client import ReplicaClient
from worker.browser.pool import BrowserPool

pytestmark = pytest.mark.soak

SERVER_ID = "[data-event-urn^='urn:li:msg_message:(']"
TEXT = "Happy birthday!"


@pytest.fixture
def page(browser_pool: BrowserPool, replica_state: str, replica: ReplicaClient) -> Iterator[Page]:
    page = browser_pool.page_for(902, replica_state)
    yield page
    page.goto("about:blank")


def _open(page: Page, replica: ReplicaClient, slug: str = "ben-plain", *, body: str = "") -> None:
    extra = f"&body={body}" if body else ""
    page.goto(f"{replica.base_url}/messaging/compose/?recipient={replica.member_id(slug)}{extra}")
    page.locator("[class*='form__contenteditable'], [class*='upsell'], .msg-say-hello").first.wait_for()


def _send(page: Page) -> None:
    page.locator(".msg-form__contenteditable").click()
    page.keyboard.insert_text(TEXT)
    page.locator("form.msg-form button[type=submit]").click()


def _thread_of(urn: str) -> str:
    raw = base64.b64decode(urn.rpartition(",2-")[2].rstrip(")")).decode()
    return "2-" + base64.b64encode(raw.rpartition("&")[2].encode()).decode()


def _sent_texts(replica: ReplicaClient) -> list[tuple[str, str]]:
    return [(line.slug, line.text) for line in replica.effects()]


@pytest.mark.parametrize(
    ("fault", "value", "bubbles"),
    [
        (FaultName.SEND_NO_EFFECT, None, 0),
        (FaultName.FAILED_BUBBLE, None, 0),
        (FaultName.OTHER_THREAD_BUBBLE, None, 1),
    ],
)
def test_a_send_that_does_not_reach_the_site_empties_the_composer_all_the_same(
    page: Page, replica: ReplicaClient, fault: FaultName, value: Value, bubbles: int
) -> None:
    replica.fault(fault, value)
    _open(page, replica)
    with page.expect_response(re.compile("createMessage")):
        _send(page)
    expect(page.locator(".msg-form__contenteditable")).to_have_text("")
    expect(page.locator(SERVER_ID)).to_have_count(bubbles)
    assert replica.effects() == []


def test_the_bubble_of_another_conversation_decodes_to_that_one(page: Page, replica: ReplicaClient) -> None:
    _open(page, replica)
    _send(page)
    expect(page).to_have_url(re.compile("/thread/"))
    replica.fault(FaultName.OTHER_THREAD_BUBBLE)
    _send(page)
    expect(page.locator(SERVER_ID)).to_have_count(2)
    first, second = (str(each.get_attribute("data-event-urn")) for each in page.locator(SERVER_ID).all())
    assert _thread_of(first) == page.url.split("/")[-2] != _thread_of(second)
    assert len(replica.effects()) == 1


def test_two_bubbles_a_reply_and_a_missing_server_id_after_a_message_that_was_sent(
    page: Page, replica: ReplicaClient
) -> None:
    replica.write_as_member("ben-plain", "member", TEXT)
    _open(page, replica)
    _send(page)
    expect(page).to_have_url(re.compile("/thread/"))
    expect(page.locator(SERVER_ID)).to_have_count(2)
    replica.fault(FaultName.REPLY_FIRST, "Thanks!", times=1)
    _send(page)
    expect(page.locator(".msg-s-event-listitem--other")).to_have_text(re.compile("Thanks!"))
    expect(page.locator(SERVER_ID)).to_have_count(4)
    replica.fault(FaultName.TWO_BUBBLES, times=1)
    _send(page)
    expect(page.locator(SERVER_ID)).to_have_count(6)
    replica.fault(FaultName.NO_SERVER_ID, times=1)
    _send(page)
    expect(page.locator("[data-event-urn]")).to_have_count(7)
    assert _sent_texts(replica) == [("ben-plain", TEXT)] * 4
    expect(page.locator(SERVER_ID)).to_have_count(6)


def test_only_a_click_on_share_shares(page: Page, replica: ReplicaClient) -> None:
    replica.fault(FaultName.SHARE_PROMPT, times=1)
    _open(page, replica)
    _send(page)
    page.get_by_role("dialog").get_by_role("button", name="Share").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert [line.kind for line in replica.effects()] == ["message", "shared"]


def test_with_enter_that_sends_there_is_no_button_and_enter_sends(page: Page, replica: ReplicaClient) -> None:
    replica.fault(FaultName.ENTER_SENDS)
    _open(page, replica)
    expect(page.locator("form.msg-form button[type=submit]")).to_have_count(0)
    page.locator(".msg-form__contenteditable").click()
    page.keyboard.type("one\ntwo")
    expect(page).to_have_url(re.compile("/thread/"))
    assert _sent_texts(replica) == [("ben-plain", "one")]


def test_what_stands_in_the_composer_already_is_sent_with_the_text(
    page: Page, replica: ReplicaClient
) -> None:
    replica.fault(FaultName.DRAFT, "My draft. ", times=1)
    replica.fault(FaultName.ICON_SEND)
    _open(page, replica, body="ignored")
    page.locator(".msg-form__contenteditable p").click()
    page.keyboard.press("End")
    page.keyboard.insert_text(TEXT)
    page.locator(".msg-form__send-btn").click()
    expect(page).to_have_url(re.compile("/thread/"))
    assert _sent_texts(replica) == [("ben-plain", f"My draft. {TEXT}")]


def test_a_text_left_in_the_composer_is_there_again(page: Page, replica: ReplicaClient) -> None:
    _open(page, replica)
    page.locator(".msg-form__contenteditable").click()
    page.keyboard.insert_text("Left behind")
    _open(page, replica)
    expect(page.locator(".msg-form__contenteditable")).to_have_text("Left behind")


@pytest.mark.parametrize(
    ("slug", "shown"),
    [
        ("vera-left", ".card-upsell-v2__headline"),
        ("dora-subject", "form input[name=subject]"),
        ("emil-card", ".msg-say-hello"),
    ],
)
def test_people_whom_one_cannot_simply_write_to(
    page: Page, replica: ReplicaClient, slug: str, shown: str
) -> None:
    _open(page, replica, slug)
    expect(page.locator(shown)).to_be_visible()


def test_chats_of_strangers_stand_beside_ours_and_one_of_them_is_active(
    page: Page, replica: ReplicaClient
) -> None:
    replica.fault(FaultName.STRANGERS_OVERLAY)
    replica.fault(FaultName.MINIMISED_CHAT)
    replica.fault(FaultName.DRAFT, "only in ours", times=1)
    _open(page, replica, "ada-example")
    chats = page.locator(".msg-overlay-conversation-bubble")
    expect(chats).to_have_count(3)
    expect(page.locator("[class*='bubble--is-active']").first).to_contain_text("Plain")
    expect(page.locator("form.msg-form")).to_have_count(3)
    expect(page.locator(".msg__detail .msg-form__contenteditable")).to_have_text("only in ours")


def test_the_wrong_conversation_opens_under_the_right_address(page: Page, replica: ReplicaClient) -> None:
    replica.fault(FaultName.WRONG_THREAD, "cleo-plain")
    _open(page, replica)
    expect(page.get_by_role("button", name="Remove Cleo Plain")).to_be_visible()


@pytest.mark.parametrize("level", [1, 2, 3])
def test_a_message_can_be_sent_by_hand_after_each_drift(
    page: Page, replica: ReplicaClient, level: int
) -> None:
    replica.fault(FaultName.DRIFT, level)
    _open(page, replica)
    composer: Locator = page.locator("[contenteditable]")
    composer.click()
    page.keyboard.insert_text(TEXT)
    page.locator("form button[type=submit]").click()
    expect(page).to_have_url(re.compile("/thread/"))
    assert _sent_texts(replica) == [("ben-plain", TEXT)]
    expect(page.locator(SERVER_ID)).to_have_count(0 if level == 3 else 1)
    assert page.locator("[class*='msg-']").count() == 0


@pytest.mark.parametrize("language", ["fr", "de", "es", "pl"])
def test_the_pages_are_in_the_language_of_the_member(
    page: Page, replica: ReplicaClient, language: str
) -> None:
    words = {"fr": "Envoyer", "de": "Senden", "es": "Enviar", "pl": "Wyślij"}
    replica.fault(FaultName.LANGUAGE, language)
    _open(page, replica)
    expect(page.locator("html")).to_have_attribute("lang", language)
    expect(page.locator(".msg-form__send-button")).to_have_text(words[language])


def test_walls(page: Page, replica: ReplicaClient) -> None:
    expected = [
        (FaultName.CHALLENGE_PAGE, "/checkpoint/challengesV2/", "#input__email_verification_pin"),
        (FaultName.RESTRICTION, "/login/login-restriction/", "h1"),
        (FaultName.AUTHWALL, "/authwall", "form.join-form"),
        (FaultName.CHOOSER, "/feed/", "#rememberme-div"),
        (FaultName.LIMIT_PAGE, "/feed/", "p"),
        (FaultName.WALL_IN_PLACE, "/feed/", ".authwall-join-form"),
    ]
    for fault, path, shown in expected:
        replica.fault(fault, 200 if fault is FaultName.WALL_IN_PLACE else None, times=1)
        page.goto(f"{replica.base_url}/feed/")
        expect(page.locator(shown).first).to_be_visible()
        assert path in page.url
    for fault, status in ((FaultName.STATUS_429, 429), (FaultName.STATUS_999, 999)):
        replica.fault(fault, times=1)
        response = page.goto(f"{replica.base_url}/feed/")
        assert response is not None
        assert response.status == status
    replica.fault(FaultName.EXPIRED_SESSION, times=1)
    page.goto(f"{replica.base_url}/feed/")
    expect(page.locator("input[name=session_key]")).to_be_visible()


def test_the_other_variant_of_conversations(page: Page, replica: ReplicaClient) -> None:
    replica.set(variant="b")
    _open(page, replica)
    _send(page)
    expect(page).to_have_url(re.compile(r"/messaging/thread/2-\w+%3D%3D/$"))
    expect(page.locator(SERVER_ID)).to_have_count(1)
    _open(page, replica)
    expect(page.locator(".msg-thread__link-to-profile")).to_have_attribute(
        "href", f"/in/{replica.member_id('ben-plain')}/?trk=thread"
    )
    expect(page).to_have_url(re.compile(r"/messaging/thread/"))
