"""`rapport selectors check` on the replica: ok as it is, drift by name, and ok for sending only if it is."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest
from playwright.sync_api import Page

from api_stub.sandbox.faults import FaultName
from tests.replica.linkedin.client import ReplicaClient
from worker.browser.check_report import Fact, Finding, PageReport, judge, list_facts
from worker.browser.linkedin.checks.check import LinkedInChecker
from worker.browser.linkedin.site_page import SitePage
from worker.browser.pool import BrowserPool
from worker.browser.site_check import CheckRequest
from worker.errors import Reason
from worker.rules.sites.capabilities import SENDING, Capability, Verdict
from worker.rules.sites.page_shapes import Shaper

WAIT = timedelta(seconds=4)
TALKING = "talk-01"
"""A connection with whom the member has exchanged messages."""

Checked = tuple[dict[str, PageReport], dict[Capability, Finding]]


@pytest.fixture
def page(browser_pool: BrowserPool, replica_state: str) -> Iterator[Page]:
    page = browser_pool.page_for(902, replica_state)
    yield page
    page.goto("about:blank")


def check(
    page: Page,
    replica: ReplicaClient,
    *,
    slug: str = TALKING,
    only: Sequence[str] = (),
    shaper: Shaper | None = None,
) -> Checked:
    """Check every page, or only these; pages after a wall are not opened."""
    checker = LinkedInChecker(SitePage(page, replica.base_url, WAIT))
    asked = CheckRequest(f"https://www.linkedin.com/in/{slug}/", inbox=True, compose=True)
    reports: list[PageReport] = []
    for each in checker.list_pages(asked):
        if not only or each.name in only:
            reports.append(checker.look(each, shaper))
            if reports[-1].is_wall:
                break
    return {each.name: each for each in reports}, {each.capability: each for each in judge(reports)}


PERSON = ("profile", "compose")


@pytest.mark.parametrize(
    ("language", "front_end"), [("fr", "ember"), pytest.param("en", "sdui", marks=pytest.mark.soak)]
)
def test_as_it_is_every_capability_is_ok_and_nothing_has_an_effect(
    page: Page, replica: ReplicaClient, language: str, front_end: str
) -> None:
    replica.set(language=language, front_end=front_end)
    pages, found = check(page, replica, shaper=Shaper(b"salt", ()))
    assert {each.verdict for each in found.values()} == {Verdict.OK}, found
    assert found.keys() == set(Capability)
    assert {each.language for each in pages.values()} == {language}
    assert pages["birthdays"].front_end == front_end
    assert replica.effects() == []
    compose = f"/messaging/compose/?recipient={replica.member_id(TALKING)}"
    assert pages["compose"].asked == compose
    assert replica.visits() == [TALKING]
    unasked = LinkedInChecker(SitePage(page, replica.base_url, WAIT)).list_pages(CheckRequest())
    assert [each.name for each in unasked] == ["feed", "birthdays", "search", "invitations"]
    sketched = "\n".join(line for each in pages.values() for line in each.sketch)
    for word in ("Example", "Talk", "jo-sample", replica.member_id(TALKING), "Charger", "Message"):
        assert word not in sketched


def test_after_a_small_change_other_forms_are_named(page: Page, replica: ReplicaClient) -> None:
    replica.set(language="pl", front_end="sdui", drift=1)
    pages, found = check(page, replica, only=("feed", *PERSON))
    assert {each.verdict for each in found.values()} == {Verdict.OK}, found
    forms = {mark.name: mark.found.version for mark in pages["compose"].marks if mark.found}
    assert forms["messaging.composer"] == "textbox"


@pytest.mark.parametrize("front_end", ["sdui", pytest.param("ember", marks=pytest.mark.soak)])
def test_contradictory_ids_are_drift_and_nothing_of_sending_is_ok(
    page: Page, replica: ReplicaClient, front_end: str
) -> None:
    replica.set(front_end=front_end, drift=3)
    _, found = check(page, replica, only=PERSON)
    assert not [name for name in SENDING if found[name].verdict is Verdict.OK]
    recipient = found[Capability.RECIPIENT]
    assert recipient.verdict is Verdict.DRIFT
    assert (recipient.because or "").startswith("profile.")


GONE = {
    # what a script does to the page, and the mark that is named
    Capability.SEND_BUTTON: ("form button", "one.remove()", "messaging.send"),
    Capability.RECIPIENT: ("[data-event-urn]", "one.removeAttribute('data-event-urn')", "compose.recipient"),
    Capability.COMPOSER: (
        "[contenteditable]",
        "one.removeAttribute('contenteditable')",
        "messaging.composer",
    ),
}


@pytest.mark.parametrize(
    "capability",
    [
        Capability.RECIPIENT,
        *(pytest.param(each, marks=pytest.mark.soak) for each in GONE if each is not Capability.RECIPIENT),
    ],
)
def test_a_mark_that_is_gone_is_named_and_sending_is_off(
    browser_pool: BrowserPool, replica_state: str, replica: ReplicaClient, capability: Capability
) -> None:
    selector, change, mark = GONE[capability]
    page = browser_pool.page_for(903, replica_state)
    page.add_init_script(
        f"""new MutationObserver(() => {{
          for (const one of document.querySelectorAll("{selector}")) {change};
        }}).observe(document, {{subtree: true, childList: true, attributes: true}});"""
    )
    _, found = check(page, replica, only=PERSON)
    browser_pool.close_context(903)
    assert (found[capability].verdict, found[capability].because) == (Verdict.DRIFT, mark)
    if capability is not Capability.SEND_BUTTON:  # it isn't certain whose conversation it is
        assert not [name for name in SENDING if found[name].verdict is Verdict.OK]


TROUBLES = [
    # what the site does, what the person is told, what isn't ok by it
    (FaultName.ENTER_SENDS, Fact.ENTER_SENDS, {Capability.SEND_BUTTON}),
    (FaultName.PREMIUM_WALL, Fact.PREMIUM_WALL, SENDING),
    pytest.param(FaultName.SUBJECT_FIELD, Fact.PREMIUM_WALL, SENDING, marks=pytest.mark.soak),
]


@pytest.mark.parametrize(("fault", "fact", "unknown"), TROUBLES)
def test_what_only_the_person_can_change_is_unknown_and_told(
    page: Page, replica: ReplicaClient, fault: FaultName, fact: Fact, unknown: set[Capability]
) -> None:
    replica.fault(fault)
    pages, found = check(page, replica, only=PERSON)
    assert fact in list_facts(pages.values())
    assert {name for name in SENDING if found[name].verdict is Verdict.UNKNOWN} == unknown
    assert {found[name].verdict for name in SENDING - unknown} <= {Verdict.OK}


def test_a_conversation_without_messages_proves_neither_side_nor_id(
    page: Page, replica: ReplicaClient
) -> None:
    pages, found = check(page, replica, slug="ben-plain", only=PERSON)
    unknown = {name for name in SENDING if found[name].verdict is Verdict.UNKNOWN}
    assert unknown == {Capability.OWN_OR_OTHER, Capability.SERVER_ID}
    assert list_facts(pages.values()) == (Fact.NO_MESSAGES,)


def test_a_stranger_s_page_of_messages_is_not_opened(page: Page, replica: ReplicaClient) -> None:
    pages, found = check(page, replica, slug="fay-second", only=PERSON)
    assert pages["compose"].status is None
    assert found[Capability.RECIPIENT].verdict is Verdict.UNKNOWN
    assert not [path for path in replica.pages() if "compose" in path]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (FaultName.CHALLENGE_PAGE, Reason.CHALLENGE),
        pytest.param(FaultName.STATUS_999, Reason.LIMIT_PAGE, marks=pytest.mark.soak),
    ],
)
def test_nothing_is_opened_after_a_wall(
    page: Page, replica: ReplicaClient, fault: FaultName, reason: Reason
) -> None:
    replica.fault(fault, path_prefix="/mynetwork/catch-up/")
    pages, found = check(page, replica)
    assert list(pages) == ["feed", "birthdays"]
    assert (pages["birthdays"].trouble, pages["birthdays"].is_wall) == (reason, True)
    assert found[Capability.BIRTHDAYS].verdict is Verdict.UNKNOWN


def test_an_empty_list_is_unknown(page: Page, replica: ReplicaClient) -> None:
    replica.fault(FaultName.BIRTHDAYS_EMPTY)
    pages, found = check(page, replica, only=("birthdays",))
    assert found[Capability.BIRTHDAYS].verdict is Verdict.UNKNOWN, pages
