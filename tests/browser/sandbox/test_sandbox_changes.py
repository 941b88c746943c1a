"""What a site may be like one day: other HTML, another language, walls in place, drafts, and questions."""

from datetime import date, timedelta

import pytest
from playwright.sync_api import Page, expect

from api_stub.sandbox.client import SandboxClient
from api_stub.sandbox.faults import FaultName
from tests.browser.conftest import BRIEF, TODAY
from worker.browser.sandbox.adapter import SandboxSite
from worker.errors import Reason, StopAccountError, TryAgainError

TEXT = "Happy birthday!"


def url(slug: str) -> str:
    return f"https://sandbox.test/in/{slug}/"


def sent_to(sandbox: SandboxClient, slug: str) -> list[tuple[str, str]]:
    return [(effect.kind, effect.text) for effect in sandbox.ledger("demo") if effect.slug == slug]


def wait_briefly(page: Page) -> None:
    """From now on give up soon on an element that is not there; a page may still take its time to load."""
    page.set_default_timeout(BRIEF / timedelta(milliseconds=1))


def test_renamed_classes_change_nothing(site: SandboxSite, sandbox: SandboxClient) -> None:
    sandbox.fault(FaultName.DRIFT, 1)
    assert site.birthdays(date.fromisoformat(TODAY))
    thread = site.open_thread(url("joao-conceicao"))
    thread.type(TEXT)
    thread.click_send()
    assert thread.proof(TEXT, more_than=0)


def test_changed_roles_are_unexpected_and_nothing_is_sent(
    site: SandboxSite, page: Page, sandbox: SandboxClient
) -> None:
    sandbox.fault(FaultName.DRIFT, 2)
    wait_briefly(page)
    with pytest.raises(TryAgainError) as birthdays:
        site.birthdays(date.fromisoformat(TODAY))
    with pytest.raises(TryAgainError) as thread:
        site.open_thread(url("kim-minji"))
    assert {birthdays.value.reason, thread.value.reason} == {Reason.SITE_UNEXPECTED}
    assert sent_to(sandbox, "kim-minji") == []


def test_a_conversation_whose_head_has_no_link_is_with_nobody(
    site: SandboxSite, page: Page, sandbox: SandboxClient
) -> None:
    sandbox.fault(FaultName.DRIFT, 3)
    thread = site.open_thread(url("kim-minji"))
    wait_briefly(page)
    with pytest.raises(TryAgainError) as failed:
        thread.recipient()
    assert failed.value.reason is Reason.SITE_UNEXPECTED


def test_a_language_without_words_stops_the_account(site: SandboxSite, sandbox: SandboxClient) -> None:
    sandbox.fault(FaultName.LANGUAGE, "de")
    with pytest.raises(StopAccountError, match="choose English or French") as stopped:
        site.birthdays(date.fromisoformat(TODAY))
    assert stopped.value.reason is Reason.LANGUAGE_UNKNOWN
    sandbox.fault(FaultName.LANGUAGE, "fr")
    assert site.birthdays(date.fromisoformat(TODAY))


def test_a_wall_in_place_stops_the_account_before_the_click_and_after(
    site: SandboxSite, page: Page, sandbox: SandboxClient
) -> None:
    thread = site.open_thread(url("kim-minji"))
    thread.type(TEXT)
    sandbox.fault(FaultName.WALL_IN_PLACE, 0)
    page.evaluate("fetch('/feed/').then(page => page.text()).then(html => document.write(html))")
    expect(page.get_by_role("heading", name="Let's check")).to_be_visible()
    wait_briefly(page)
    with pytest.raises(StopAccountError) as clicking:
        thread.click_send()
    with pytest.raises(StopAccountError) as proving:
        thread.proof(TEXT, more_than=0)
    with pytest.raises(StopAccountError) as reading:
        site.birthdays(date.fromisoformat(TODAY))
    assert {each.value.reason for each in (clicking, proving, reading)} == {Reason.CHALLENGE}
    assert sent_to(sandbox, "kim-minji") == []


@pytest.mark.parametrize("markup", ["a", "b"])
def test_a_draft_of_the_member_is_left_alone(
    site: SandboxSite, page: Page, sandbox: SandboxClient, markup: str
) -> None:
    sandbox.fault(FaultName.MARKUP, markup)
    sandbox.fault(FaultName.DRAFT, "Dear Minji, about the money")
    thread = site.open_thread(url("kim-minji"))
    with pytest.raises(TryAgainError) as refused:
        thread.type(TEXT)
    assert refused.value.reason is Reason.COMPOSER_OCCUPIED
    thread.clear()
    expect(page.get_by_role("textbox", name="Write a message")).to_have_text("Dear Minji, about the money")
    assert sent_to(sandbox, "kim-minji") == []


@pytest.mark.parametrize("which", ["site", pytest.param("french_site", marks=pytest.mark.soak)])
def test_the_question_to_share_is_declined(
    which: str, page: Page, sandbox: SandboxClient, request: pytest.FixtureRequest
) -> None:
    site: SandboxSite = request.getfixturevalue(which)
    member = "demo" if which == "site" else "demo2"
    sandbox.fault(FaultName.SHARE_PROMPT, times=1)
    thread = site.open_thread(url("somchai-rattana"))
    thread.type(TEXT)
    thread.click_send()
    assert thread.proof(TEXT, more_than=0)
    thread.close()
    kinds = [effect.kind for effect in sandbox.ledger(member) if effect.slug == "somchai-rattana"]
    assert kinds == ["message"]


def test_after_an_unknown_question_nothing_is_proven(
    brief_site: SandboxSite, page: Page, sandbox: SandboxClient
) -> None:
    sandbox.fault(FaultName.UNKNOWN_DIALOG, times=1)
    thread = brief_site.open_thread(url("ananya-sharma"))
    thread.type(TEXT)
    thread.click_send()
    assert not thread.proof(TEXT, more_than=0)
    expect(page.get_by_role("dialog", name="One more thing")).to_be_visible()
    assert sent_to(sandbox, "ananya-sharma") == [("message", TEXT)]
    # a later look settles it
    assert [m.text for m in brief_site.open_thread(url("ananya-sharma")).messages()] == [TEXT]
