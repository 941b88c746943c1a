"""The check of the practice network's pages, in both languages and after drift."""

import pytest

from api_stub.sandbox.client import SandboxClient
from api_stub.sandbox.faults import FaultName
from tests.browser.conftest import Sites
from worker.browser.check_report import Fact, Finding, PageReport, judge, list_facts
from worker.browser.sandbox.check import SandboxChecker
from worker.browser.site_check import CheckRequest
from worker.rules.sites.capabilities import SENDING, Capability, Verdict
from worker.rules.sites.page_shapes import Shaper

MEMBER = "xochitl-ramirez"
ASKED = CheckRequest(f"https://sandbox.test/in/{MEMBER}/", inbox=True, compose=True)


def check(
    sites: Sites, sandbox: SandboxClient, member: str
) -> tuple[list[PageReport], dict[Capability, Finding]]:
    checker = SandboxChecker(sites.pages[member], sandbox.base_url)
    pages = [checker.look(each, Shaper(b"salt", checker.vocabulary)) for each in checker.list_pages(ASKED)]
    return pages, {each.capability: each for each in judge(pages)}


@pytest.mark.parametrize(
    ("member", "language"), [("demo2", "fr"), pytest.param("demo", "en", marks=pytest.mark.soak)]
)
def test_as_it_is_all_is_ok_once_the_conversation_has_a_message(
    sites: Sites, sandbox: SandboxClient, member: str, language: str
) -> None:
    before = sandbox.ledger(member)
    pages, found = check(sites, sandbox, member)
    unknown = {name for name, each in found.items() if each.verdict is not Verdict.OK}
    assert unknown - {Capability.INBOX} == {Capability.OWN_OR_OTHER, Capability.SERVER_ID}
    assert list_facts(pages) == (Fact.NO_MESSAGES,)
    sandbox.write_as_person(MEMBER, member, "Thanks for the bees")
    pages, found = check(sites, sandbox, member)
    assert found.keys() == set(Capability)
    assert {each.verdict for each in found.values()} == {Verdict.OK}, found
    assert {page.language for page in pages} == {language}
    assert sandbox.ledger(member) == before
    assert not [line for page in pages for line in page.sketch if "bees" in line or "ochitl" in line]


def test_after_drift_nothing_that_sending_needs_is_ok_and_marks_are_named(
    sites: Sites, sandbox: SandboxClient
) -> None:
    sandbox.fault(FaultName.DRIFT, 3)
    _, found = check(sites, sandbox, "demo")
    assert not [name for name in SENDING if found[name].verdict is Verdict.OK]
    assert {each.verdict for each in found.values()} >= {Verdict.DRIFT}
    assert all(each.because for each in found.values() if each.verdict is Verdict.DRIFT)
