"""The lists of the replica, used by hand: birthdays, profiles, search, invitations.

These test the replica and nothing of Rapport, so they run in the soak: run them when you change the replica.
"""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from api_stub.sandbox.faults import FaultName
from tests.replica.linkedin.client import ReplicaClient
from worker.browser.pool import BrowserPool

pytestmark = pytest.mark.soak

SENT = "/mynetwork/invitation-manager/sent/"
BIRTHDAYS = "/mynetwork/catch-up/birthday/"


@pytest.fixture
def page(browser_pool: BrowserPool, replica_state: str, replica: ReplicaClient) -> Iterator[Page]:
    page = browser_pool.page_for(903, replica_state)
    page.evaluate("() => {}")
    yield page
    page.goto("about:blank")


def test_ten_cards_and_the_rest_on_request_with_strangers_to_the_list_between(
    page: Page, replica: ReplicaClient
) -> None:
    replica.set(language="fr")
    page.goto(f"{replica.base_url}/mynetwork/invite-connect/celebrations/birthdays/")
    expect(page).to_have_url(re.compile(f"{BIRTHDAYS}$"))
    cards = page.locator("[role=listitem]:has(a[href*='/in/'])")
    expect(cards).to_have_count(10)
    page.get_by_role("button", name="Charger plus").click()
    expect(cards).to_have_count(18)  # seventeen people, one of them twice
    expect(page.locator("[role=listitem] >> text=En savoir plus")).to_have_count(1)
    expect(page.locator("a[href^='/games/']")).to_have_count(3)
    assert "récent de Omar le 8 nov." in cards.filter(has_text="Omar Sample").inner_text()


def test_the_dialog_of_a_button_sends_what_was_typed(page: Page, replica: ReplicaClient) -> None:
    page.goto(replica.base_url + BIRTHDAYS)
    page.locator("button[aria-label='Message Nina Button: Happy birthday!']").click()
    send = page.locator("dialog[open] [componentkey^=referralSendButton]")
    expect(send).to_be_disabled()
    page.locator("dialog[open] textarea").fill("Happy birthday, Nina!")
    send.click()
    expect(page.locator("dialog[open]")).to_have_count(0)
    assert [(sent.slug, sent.text) for sent in replica.effects()] == [
        ("nina-button", "Happy birthday, Nina!")
    ]


def test_a_card_goes_when_its_person_was_greeted_or_stays(page: Page, replica: ReplicaClient) -> None:
    replica.set(front_end="ember")
    page.goto(replica.base_url + BIRTHDAYS)
    for name in ("Ada Example", "Anne-Marie DU PONT"):
        page.locator(f"button[aria-label^='Message {name}']").click()
        bubble = page.locator("[role=dialog]").filter(has=page.locator("[contenteditable]")).last
        expect(bubble.locator("[contenteditable]")).to_have_text("Happy birthday!")
        bubble.locator(".msg-form__send-button").click()
        expect(bubble.locator("[data-event-urn^='urn:li:msg_message:(']")).to_have_count(1)
        page.goto(replica.base_url + BIRTHDAYS)
        expect(page.locator("article").nth(9)).to_be_visible()
    expect(page.locator("article", has_text="Ada Example")).to_have_count(1)
    expect(page.locator("article", has_text="Anne-Marie DU PONT")).to_have_count(0)


@pytest.mark.parametrize("silent", ["", "silent"])
def test_an_empty_list_has_a_sign_or_none(page: Page, replica: ReplicaClient, silent: str) -> None:
    replica.fault(FaultName.BIRTHDAYS_EMPTY)
    replica.set(**{"birthdays.empty": silent})
    page.goto(replica.base_url + BIRTHDAYS)
    expect(page.locator("[role=list] > *")).to_have_count(0 if silent else 1)
    expect(page.get_by_text("No birthdays to celebrate right now")).to_have_count(0 if silent else 1)


def test_a_pending_profile_hides_the_first_degree_and_fills_its_sections_when_near(
    page: Page, replica: ReplicaClient
) -> None:
    page.goto(f"{replica.base_url}/in/{replica.member_id('hana-pending')}/")
    expect(page).to_have_url(re.compile(r"/in/hana-pending/\?isSelfProfile=false$"))
    first, second = page.get_by_text("· 1st", exact=True), page.get_by_text("· 2nd", exact=True)
    expect(second).to_be_visible()
    expect(first).to_be_attached()
    expect(first).to_be_hidden()
    experience = page.locator("[componentkey$=ExperienceTopLevelSection]")
    expect(experience).to_have_count(0)
    for _ in range(9):
        page.locator("[componentkey^=profileCardsBelowActivity]:empty").first.scroll_into_view_if_needed()
        if experience.count():
            break
    expect(experience.locator("[componentkey^=entity-collection-item]").first).to_be_attached()
    assert replica.visits() == ["hana-pending"]


def test_links_stand_inside_links_and_the_last_page_of_a_search_says_so(
    page: Page, replica: ReplicaClient
) -> None:
    page.goto(f"{replica.base_url}/search/results/people/?keywords=guest")
    expect(page.locator("main a a").first).to_be_visible()
    rows = page.locator("main [role=listitem]")
    expect(page.locator("[data-testid=pagination-controls-next-button-visible]")).to_be_visible()
    expect(rows).to_have_count(11)  # ten rows and a card that sells
    assert "/in/ada-example/" in str(rows.first.locator("a").first.get_attribute("href"))
    page.locator("[data-testid=pagination-controls-next-button-visible]").click()
    expect(page).to_have_url(re.compile("page=2"))
    expect(page.locator("[data-testid=pagination-controls-next-button-hidden]")).to_be_attached()
    replica.fault(FaultName.SEARCH_LIMIT)
    page.reload()
    expect(page.get_by_text("reached the monthly limit for profile searches")).to_be_visible()
    expect(page.locator("main a[href*='/in/']")).to_have_count(0)


@pytest.mark.parametrize("front_end", ["sdui", "ember"])
def test_an_invitation_is_withdrawn_by_the_dialog_unless_the_site_fails(
    page: Page, replica: ReplicaClient, front_end: str
) -> None:
    replica.set(front_end=front_end)
    page.goto(replica.base_url + SENT)
    rows = page.locator("[role=listitem]:has(a[href*='/in/']), li.invitation-card")
    expect(rows).to_have_count(10)
    total = len(replica.open_invitations())
    rows.last.scroll_into_view_if_needed()
    expect(rows).to_have_count(total)
    dialog = page.locator("dialog[open], [role=alertdialog]")
    row = rows.filter(has_text="Guest Number02")
    replica.fault(FaultName.WITHDRAW_FAILS, times=1)
    for shown in ("Sorry, unable to withdraw", "Invitation to Guest Number02 withdrawn."):
        row.get_by_text("Withdraw", exact=True).click()
        dialog.locator("button").last.click()
        expect(page.get_by_text(shown)).to_be_visible()
    expect(row).to_have_count(0)
    assert [(effect.kind, effect.slug) for effect in replica.effects()] == [("withdrawal", "guest-02")]


@pytest.mark.parametrize(("language", "said"), [("en", "1,052"), ("de", "1.052"), ("fr", "1\u202f052")])
def test_the_count_of_invitations_is_written_as_the_language_does(
    page: Page, replica: ReplicaClient, language: str, said: str
) -> None:
    replica.set(**{"language": language, "invitations.count": "1052"})
    page.goto(replica.base_url + SENT)
    expect(page.locator("main button").first).to_have_text(re.compile(rf"\({re.escape(said)}\)"))


@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_a_drift_takes_marks_away_and_then_contradicts_itself(
    page: Page, replica: ReplicaClient, level: int
) -> None:
    replica.set(drift=level)
    page.goto(f"{replica.base_url}/in/ada-example/")
    message = page.locator("main a[href*='NON_SELF_PROFILE_VIEW']").last
    expect(message).to_be_visible()
    expect(page.locator("[componentkey$=Topcard]")).to_have_count(1 if level == 0 else 0)
    expect(page.locator("[data-testid=lazy-column]")).to_have_count(1 if level < 2 else 0)
    href = str(message.get_attribute("href"))
    assert href.count(replica.member_id("ada-example")) == (2 if level < 3 else 1)
