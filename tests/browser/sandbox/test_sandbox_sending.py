"""Typing, sending and proof, compared with the network's own ledger."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page

from api_stub.sandbox.client import SandboxClient
from api_stub.sandbox.faults import FaultName
from tests.builders import LONG_AGO
from worker.browser.sandbox.adapter import SandboxSite
from worker.errors import TryAgainError

AWKWARD = {
    "oksana-kovalenko": "З днем народження, Оксано! 🎉🎂",  # noqa: RUF001 -- Cyrillic is meant
    "omar-al-farsi": "عيد ميلاد سعيد يا عمر! \u200f(مع التحيات)",
    "noam-peretz": "יום הולדת שמח, נועם!\nכל טוב,\nDana",
    "sean-oneill": "It's \"your\" day, O'Neill:\n\n<b>happy</b> & <i>merry</i> day\n\n\nDana",
    "fatou-ndiaye": "Bonne fête\u202f!\u00a0👩‍👩‍👧‍👦 👍🏽 déjà",
    "li-na": "生日快乐，李娜！🎾",  # noqa: RUF001 -- full width is meant
}


def url(slug: str) -> str:
    return f"https://sandbox.test/in/{slug}/"


def sent_to(sandbox: SandboxClient, slug: str) -> list[str]:
    return [effect.text for effect in sandbox.ledger("demo") if effect.slug == slug]


@pytest.mark.parametrize(
    ("slug", "markup"),
    [
        pytest.param(slug, markup, marks=pytest.mark.soak if slug in {"li-na", "oksana-kovalenko"} else [])
        for slug, markup in zip(AWKWARD, "ababab", strict=True)
    ],
)
def test_what_was_typed_arrives_once_and_is_proven(
    site: SandboxSite, sandbox: SandboxClient, slug: str, markup: str
) -> None:
    sandbox.fault(FaultName.MARKUP, markup)
    text = AWKWARD[slug]
    before = sent_to(sandbox, slug)
    thread = site.open_thread(url(slug))
    thread.type(text)
    assert sent_to(sandbox, slug) == before
    thread.click_send()
    assert thread.proof(text, more_than=0)
    assert sent_to(sandbox, slug) == [*before, text]
    said = thread.messages()[-1]
    assert (said.outgoing, said.text) == (True, text)
    assert said.at is not None
    assert said.at.tzinfo is not None
    thread.close()


def test_the_same_text_again_needs_one_bubble_more(site: SandboxSite, sandbox: SandboxClient) -> None:
    thread = site.open_thread(url("ani-hakobyan"))
    for count in range(2):
        thread.type("Happy birthday!")
        thread.click_send()
        assert thread.proof("Happy birthday!", more_than=count)
    assert sent_to(sandbox, "ani-hakobyan") == ["Happy birthday!"] * 2


@pytest.mark.parametrize("markup", ["a", pytest.param("b", marks=pytest.mark.soak)])
def test_what_the_person_wrote_is_not_ours(
    french_site: SandboxSite, sandbox: SandboxClient, markup: str
) -> None:
    sandbox.fault(FaultName.MARKUP, markup)
    sandbox.write_as_person("tamar-beridze", "demo2", "Bon anniversaire !")
    thread = french_site.open_thread(url("tamar-beridze"))
    said = thread.messages()[-1]
    assert (said.outgoing, said.text) == (False, "Bon anniversaire !")
    thread.type("Merci !")
    thread.click_send()
    assert thread.proof("Merci !", more_than=0)


def test_a_draft_is_no_proof(brief_site: SandboxSite, sandbox: SandboxClient) -> None:
    """Also if the person wrote the same words, or an older bubble has them."""
    person = "oluwaseun-adeyemi"
    sandbox.write_as_person(person, "demo", "Happy birthday!")
    thread = brief_site.open_thread(url(person))
    thread.type("Happy birthday!")
    assert not thread.proof("Happy birthday!", more_than=0)
    thread.click_send()
    assert not thread.proof("Happy birthday!", more_than=1)
    assert not thread.proof("Many happy returns!", more_than=0)
    assert sent_to(sandbox, person) == ["Happy birthday!"]
    thread.type("Happy birthday!")
    assert not thread.proof("Happy birthday!", more_than=0)  # it may still be there to be sent


def test_a_composer_that_holds_something_else_is_not_sent(site: SandboxSite, page: Page) -> None:
    thread = site.open_thread(url("oluwaseun-adeyemi"))
    page.evaluate("document.addEventListener('input', typed => { typed.target.textContent += '?' })")
    with pytest.raises(TryAgainError, match="composer"):
        thread.type("Happy birthday!")


def test_a_send_without_effect_is_not_proven(brief_site: SandboxSite, sandbox: SandboxClient) -> None:
    sandbox.fault(FaultName.SEND_NO_EFFECT)
    thread = brief_site.open_thread(url("sara-tehrani"))
    thread.type("Happy birthday!")
    thread.click_send()
    assert not thread.proof("Happy birthday!", more_than=0)
    assert sent_to(sandbox, "sara-tehrani") == []


def test_a_swallowed_answer_has_effect_but_no_proof(brief_site: SandboxSite, sandbox: SandboxClient) -> None:
    sandbox.fault(FaultName.SEND_SWALLOWS_REPLY, times=1)
    thread = brief_site.open_thread(url("arjun-iyer"))
    thread.type("Happy birthday!")
    thread.click_send()
    assert not thread.proof("Happy birthday!", more_than=0)
    assert sent_to(sandbox, "arjun-iyer") == ["Happy birthday!"]
    # a later check settles it
    assert [m.text for m in brief_site.open_thread(url("arjun-iyer")).messages()] == ["Happy birthday!"]


def test_a_message_that_shows_late_is_in_the_ledger_at_once(
    brief_site: SandboxSite, sandbox: SandboxClient
) -> None:
    sandbox.fault(FaultName.LATE_SHOW_S, 3600, times=1)
    thread = brief_site.open_thread(url("kenji-suzuki"))
    thread.type("Happy birthday!")
    thread.click_send()
    assert not thread.proof("Happy birthday!", more_than=0)
    assert thread.messages() == []
    assert sent_to(sandbox, "kenji-suzuki") == ["Happy birthday!"]


@pytest.mark.parametrize("which", [pytest.param("site", marks=pytest.mark.soak), "french_site"])
def test_a_pop_up_is_dismissed(which: str, sandbox: SandboxClient, request: pytest.FixtureRequest) -> None:
    site: SandboxSite = request.getfixturevalue(which)
    sandbox.fault(FaultName.POPUP)
    thread = site.open_thread(url("eleni-papadaki"))
    assert thread.recipient() == url("eleni-papadaki")


def test_a_masked_screenshot_hides_the_text(
    site: SandboxSite, sandbox: SandboxClient, tmp_path: Path
) -> None:
    """Pictures of two conversations with different texts are equal with the mask, and differ without it."""
    shots: dict[str, tuple[bytes, bytes]] = {}
    for draft in ("a secret", "another"):
        thread = site.open_thread(url("keanu-kahale"))
        thread.type(draft)
        for masked in (True, False):
            site.screenshot(tmp_path / f"{masked}.png", masked=masked)
        shots[draft] = (tmp_path / "True.png").read_bytes(), (tmp_path / "False.png").read_bytes()
    (masked_one, plain_one), (masked_two, plain_two) = shots.values()
    assert re.match(rb"\x89PNG\r\n", masked_one)
    assert masked_one == masked_two
    assert plain_one != plain_two
    assert masked_one != plain_one


@pytest.mark.parametrize("markup", ["a", "b"])
def test_the_name_in_the_head_is_read_anew_each_time(
    site: SandboxSite, page: Page, sandbox: SandboxClient, markup: str
) -> None:
    sandbox.fault(FaultName.MARKUP, markup)
    sandbox.change("lukasz-wisniewski", name="Marek  Dvořák 🎈")
    thread = site.open_thread(url("lukasz-wisniewski"))
    assert thread.shown_name() == "Marek Dvořák 🎈"
    heading = "[role=dialog] header a"
    page.locator(heading).evaluate("(link) => { link.textContent = 'Petr Dvořák'; }")
    assert thread.shown_name() == "Petr Dvořák"
    page.locator(heading).evaluate("(link) => { link.textContent = '🎈'; }")
    with pytest.raises(TryAgainError, match="shows no name"):
        thread.shown_name()


@pytest.mark.parametrize("markup", [pytest.param("a", marks=pytest.mark.soak), "b"])
def test_an_automatic_answer_bears_the_sites_mark(
    site: SandboxSite, sandbox: SandboxClient, markup: str
) -> None:
    sandbox.fault(FaultName.MARKUP, markup)
    sandbox.write_as_person("lukasz-wisniewski", "demo", "Hello, and many thanks!")
    sandbox.write_as_person("lukasz-wisniewski", "demo", "I am away.", automatic=True)
    *_, human, automatic = site.open_thread(url("lukasz-wisniewski")).messages()
    assert (human.automatic, automatic.automatic) == (False, True)
    line = next(line for line in site.inbox(LONG_AGO) if line.profile_url == url("lukasz-wisniewski"))
    assert (line.automatic, line.preview) == (True, "I am away.")
