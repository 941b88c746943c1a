"""Sent invitations: read in both languages and mark-ups, and withdrawn one by one."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route

from api_stub.sandbox.client import SandboxClient
from api_stub.sandbox.faults import FaultName
from api_stub.sandbox.invitations import INVITATIONS_PER_PAGE
from api_stub.sandbox.texts import format_sent_line
from tests.browser.conftest import TODAY
from tests.conftest import TIMEOUT, StartSandbox
from worker.browser.pool import BrowserPool
from worker.browser.sandbox.adapter import SandboxSite
from worker.browser.sandbox.invitations import read_cards
from worker.browser.sandbox.signin import sign_in
from worker.errors import NeverError, RapportError, Reason, StopAccountError, TryAgainError
from worker.rules.model import SentInvitation

WITHDRAW = "/invitations/"
NOW = date.fromisoformat(TODAY)

both_members = pytest.mark.parametrize(("which", "member"), [("site", "demo"), ("french_site", "demo2")])


def url(slug: str) -> str:
    return f"https://sandbox.test/in/{slug}/"


def withdrawn(sandbox: SandboxClient, member: str) -> list[str]:
    return [effect.slug for effect in sandbox.ledger(member) if effect.kind == "withdrawal"]


def waiting(sandbox: SandboxClient, member: str) -> list[str]:
    return [sent.slug for sent in sandbox.invitations(member)]


def latest_shown_day(sent_on: date) -> date:
    """Return the latest day that the page's text allows."""
    days = (NOW - sent_on).days
    size = 30 if days >= 30 else 7 if days >= 7 else 1
    return NOW - timedelta(days=days // size * size)


@pytest.mark.parametrize(
    ("which", "member", "markup"),
    [
        ("site", "demo", "a"),
        ("french_site", "demo2", "b"),
        pytest.param("site", "demo", "b", marks=pytest.mark.soak),
        pytest.param("french_site", "demo2", "a", marks=pytest.mark.soak),
    ],
)
def test_what_is_read_is_the_truth_as_exactly_as_the_site_tells_it(
    which: str, member: str, markup: str, sandbox: SandboxClient, request: pytest.FixtureRequest
) -> None:
    site: SandboxSite = request.getfixturevalue(which)
    sandbox.fault(FaultName.MARKUP, markup)
    truth = sandbox.invitations(member)
    assert len(truth) > INVITATIONS_PER_PAGE
    assert list(site.sent_invitations(NOW)) == [
        SentInvitation(
            url(sent.slug), sent.name, sent.sent_on if markup == "b" else latest_shown_day(sent.sent_on)
        )
        for sent in truth
    ]


DAYS_AND_AT_LEAST = [
    (0, 0), (1, 1), (2, 2), (6, 6), (13, 7), (14, 14), (29, 28), (30, 30), (59, 30), (364, 360), (400, 365),
]  # fmt: skip


@pytest.mark.parametrize("language", ["en", "fr"])
def test_nobody_is_taken_for_older_than_they_are(page: Page, language: str) -> None:
    cards = "".join(
        f"<div role=listitem><a href=/in/ann-{days}/><span dir=auto>Ann</span></a>"
        f"<p>{format_sent_line(language, NOW - timedelta(days=days), NOW)}</p></div>"
        for days, _ in DAYS_AND_AT_LEAST
    )
    count = len(DAYS_AND_AT_LEAST)
    page.set_content(
        f"<main><h1>Sent invitations</h1><p>People ({count})</p><div role=list>{cards}</div></main>"
    )
    assert read_cards(page, NOW) == [
        SentInvitation(url(f"ann-{days}"), "Ann", NOW - timedelta(days=at_least))
        for days, at_least in DAYS_AND_AT_LEAST
    ]


@pytest.mark.parametrize("line", ["<p>Sent a while ago</p>", "<time datetime=lately>Sent</time>", ""])
def test_an_age_that_cannot_be_read_fails_the_page(page: Page, sandbox: SandboxClient, line: str) -> None:
    site = SandboxSite(page, sandbox.base_url, timedelta(seconds=1))
    card = f"<div role=listitem><a href=/in/ann/><span dir=auto>Ann</span></a>{line}</div>"
    body = f"<main><h1>Sent invitations</h1><p>People (1)</p><div role=list>{card}</div></main>"
    page.route(
        "**/invitations/sent/", lambda r: r.fulfill(body=body, content_type="text/html; charset=utf-8")
    )
    with pytest.raises(TryAgainError) as failed:
        site.sent_invitations(NOW)
    page.unroute("**/invitations/sent/")
    assert failed.value.reason is Reason.SITE_UNEXPECTED


@pytest.mark.parametrize(
    ("which", "member"), [("site", "demo"), pytest.param("french_site", "demo2", marks=pytest.mark.soak)]
)
def test_one_invitation_is_withdrawn_and_no_other(
    which: str, member: str, sandbox: SandboxClient, request: pytest.FixtureRequest
) -> None:
    """From the last page in one mark-up, from the first in the other; of two namesakes, the right one."""
    site: SandboxSite = request.getfixturevalue(which)
    for markup, slug in (("a", waiting(sandbox, member)[-1]), ("b", "ines-costa-84")):
        sandbox.fault(FaultName.MARKUP, markup)
        before, done = waiting(sandbox, member), withdrawn(sandbox, member)
        site.open_invitation(f"{url(slug)}?trk=sent").withdraw()
        assert withdrawn(sandbox, member) == [*done, slug]
        assert waiting(sandbox, member) == [other for other in before if other != slug]
        with pytest.raises(NeverError) as gone:
            site.open_invitation(url(slug)).withdraw()
        assert gone.value.reason is Reason.INVITATION_GONE
    assert url("ines-costa-84") not in {sent.profile_url for sent in site.sent_invitations(NOW)}


@pytest.mark.parametrize("markup", ["a", pytest.param("b", marks=pytest.mark.soak)])
def test_a_question_about_somebody_else_is_not_answered(
    site: SandboxSite, sandbox: SandboxClient, markup: str
) -> None:
    sandbox.fault(FaultName.MARKUP, markup)
    sandbox.fault(FaultName.WRONG_THREAD, "priya-raman", path_prefix=WITHDRAW)
    before = waiting(sandbox, "demo")
    with pytest.raises(NeverError) as refused:
        site.open_invitation(url("bjorn-aasen")).withdraw()
    assert refused.value.reason is Reason.WRONG_RECIPIENT
    assert waiting(sandbox, "demo") == before


@both_members
def test_a_pop_up_over_the_button_is_dismissed(
    which: str, member: str, sandbox: SandboxClient, request: pytest.FixtureRequest
) -> None:
    site: SandboxSite = request.getfixturevalue(which)
    sandbox.fault(FaultName.POPUP)
    slug = "tomasz-zielinski"
    site.open_invitation(url(slug)).withdraw()
    assert withdrawn(sandbox, member)[-1:] == [slug]


def test_a_swallowed_answer_has_effect_and_says_so_only_in_the_list(
    brief_site: SandboxSite, sandbox: SandboxClient
) -> None:
    sandbox.fault(FaultName.SEND_SWALLOWS_REPLY, times=1)
    with pytest.raises(TryAgainError):
        brief_site.open_invitation(url("chen-yu")).withdraw()
    assert withdrawn(sandbox, "demo")[-1:] == ["chen-yu"]
    assert url("chen-yu") not in {sent.profile_url for sent in brief_site.sent_invitations(NOW)}


def test_an_answer_without_effect_leaves_it_in_the_list(site: SandboxSite, sandbox: SandboxClient) -> None:
    sandbox.fault(FaultName.SEND_NO_EFFECT, times=1)
    site.open_invitation(url("leila-nasser")).withdraw()
    assert "leila-nasser" not in withdrawn(sandbox, "demo")
    assert url("leila-nasser") in {sent.profile_url for sent in site.sent_invitations(NOW)}


def test_a_list_that_changes_while_it_is_read_is_not_taken_for_the_whole(
    site: SandboxSite, page: Page, sandbox: SandboxClient
) -> None:
    """Somebody on page 1 accepts, so the fifth entry moves to page 1, and page 2 doesn't show it any more."""
    accepted = waiting(sandbox, "demo")[0]

    def accept_first(route: Route) -> None:
        sandbox.accept_invitation(accepted, "demo")
        route.continue_()

    page.route("**/invitations/sent/?page=2", accept_first, times=1)
    with pytest.raises(TryAgainError) as failed:
        site.sent_invitations(NOW)
    page.unroute("**/invitations/sent/?page=2")
    assert failed.value.reason is Reason.SITE_UNEXPECTED
    assert [sent.profile_url for sent in site.sent_invitations(NOW)] == [
        url(slug) for slug in waiting(sandbox, "demo")
    ]


LIST, BUTTON = "/invitations/sent/", "/invitations/sven/withdraw"


@pytest.mark.parametrize(
    ("fault", "reason", "where"),
    [
        (FaultName.CHALLENGE_PAGE, Reason.CHALLENGE, BUTTON),
        (FaultName.STATUS_429, Reason.LIMIT_PAGE, LIST),
        pytest.param(FaultName.CHALLENGE_PAGE, Reason.CHALLENGE, LIST, marks=pytest.mark.soak),
        pytest.param(FaultName.STATUS_429, Reason.LIMIT_PAGE, BUTTON, marks=pytest.mark.soak),
        pytest.param(FaultName.LIMIT_PAGE, Reason.LIMIT_PAGE, LIST, marks=pytest.mark.soak),
        pytest.param(FaultName.LIMIT_PAGE, Reason.LIMIT_PAGE, BUTTON, marks=pytest.mark.soak),
    ],
)
def test_a_stop_page_is_seen_whenever_it_comes(
    brief_site: SandboxSite, sandbox: SandboxClient, fault: FaultName, reason: Reason, where: str
) -> None:
    sandbox.fault(fault, path_prefix=where)
    with pytest.raises(StopAccountError) as stopped:
        brief_site.open_invitation(url("sven")).withdraw()
    assert stopped.value.reason is reason
    assert "sven" in waiting(sandbox, "demo")


@pytest.fixture
def quiet_site(
    start_sandbox: StartSandbox, browser_pool: BrowserPool, tmp_path: Path
) -> Iterator[tuple[SandboxSite, SandboxClient]]:
    """A separate network whose member has no pending invitations."""
    process, client = start_sandbox(tmp_path / "quiet.db", TODAY)
    page = browser_pool.page_for(7, None)
    sign_in(page, client.base_url, "demo", "demo-password")
    for sent in client.invitations("demo"):
        client.accept_invitation(sent.slug, "demo")
    yield SandboxSite(page, client.base_url, TIMEOUT), client
    browser_pool.close_context(7)
    process.terminate()
    process.wait(60)


def test_no_invitations_is_an_answer(quiet_site: tuple[SandboxSite, SandboxClient]) -> None:
    site, sandbox = quiet_site
    for markup in ("a", "b"):
        sandbox.fault(FaultName.MARKUP, markup)
        assert site.sent_invitations(NOW) == []
        with pytest.raises(RapportError) as gone:
            site.open_invitation(url("sven")).withdraw()
        assert gone.value.reason is Reason.INVITATION_GONE
    assert sandbox.ledger() == []
