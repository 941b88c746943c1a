"""LinkedIn's lists, as the adapter reads and uses them on the replica."""

from collections.abc import Iterator
from datetime import date, timedelta
from urllib.parse import quote

import pytest
from playwright.sync_api import Page

from api_stub.sandbox.faults import FaultName
from tests.conftest import TIMEOUT
from tests.replica.linkedin.client import ReplicaClient
from tests.replica.linkedin.people import make_people
from tests.replica.running import TODAY
from worker.browser.linkedin.adapter import LinkedInSite
from worker.browser.pool import BrowserPool
from worker.errors import NeverError, Reason, StopAccountError, TryAgainError

NOW = date.fromisoformat(TODAY)
SLUG = "guest-05"
FORMS = [("sdui", "fr", 2), ("ember", "pl", 1), ("sdui", "es", 0)]

in_all_forms = pytest.mark.parametrize(("front_end", "language", "drift"), FORMS)
in_both_front_ends = pytest.mark.parametrize(
    ("front_end", "language", "drift"), [FORMS[0], pytest.param(*FORMS[1], marks=pytest.mark.soak)]
)


def url(slug: str) -> str:
    return f"https://www.linkedin.com/in/{quote(slug)}/"


@pytest.fixture
def site(browser_pool: BrowserPool, replica_state: str, replica: ReplicaClient) -> Iterator[LinkedInSite]:
    page: Page = browser_pool.page_for(905, replica_state)
    yield LinkedInSite(page, replica.base_url, TIMEOUT / 4, proof_wait=TIMEOUT / 4)
    page.goto("about:blank")


@in_all_forms
def test_everybody_s_birthday_is_read(
    site: LinkedInSite, replica: ReplicaClient, front_end: str, language: str, drift: int
) -> None:
    late = "relative" if language == "es" else "date"
    replica.set(front_end=front_end, language=language, drift=drift, **{"birthdays.late": late})
    truth = {
        (url(one.slug), one.name, NOW - timedelta(days=one.birthday.days_ago))
        for one in make_people()
        if one.birthday is not None
    }
    read = site.birthdays(NOW)
    assert {(card.profile_url, card.full_name, card.on) for card in read} == truth
    ids = {url(one.slug): one.member_id for one in make_people()}
    shown = [card for card in read if card.member_url]
    assert all(card.member_url == url(ids[card.profile_url]) for card in shown)
    assert len(shown) == (len(truth) - 1 if front_end == "sdui" else 0)  # one has a button, or all


def test_a_contradiction_stops_the_account(site: LinkedInSite, replica: ReplicaClient) -> None:
    replica.fault(FaultName.IDS_DISAGREE)
    with pytest.raises(StopAccountError) as stopped:
        site.birthdays(NOW)
    assert stopped.value.reason is Reason.SITE_CHANGED


@in_both_front_ends
def test_one_invitation_is_withdrawn_and_then_gone(
    site: LinkedInSite, replica: ReplicaClient, front_end: str, language: str, drift: int
) -> None:
    replica.set(front_end=front_end, language=language, drift=drift)
    before = {url(sent.slug) for sent in replica.open_invitations()}
    assert {sent.profile_url for sent in site.sent_invitations(NOW)} == before
    site.open_invitation(url(SLUG)).withdraw()
    assert [(effect.kind, effect.slug) for effect in replica.effects()] == [("withdrawal", SLUG)]
    with pytest.raises(NeverError) as gone:
        site.open_invitation(url(SLUG))
    assert gone.value.reason is Reason.INVITATION_GONE


def test_a_short_list_says_of_nobody_that_they_are_gone(site: LinkedInSite, replica: ReplicaClient) -> None:
    replica.fault(FaultName.SHORT_LIST)
    with pytest.raises(TryAgainError):
        site.open_invitation(url("guest-15"))


def test_a_failed_withdrawal_leaves_the_invitation(site: LinkedInSite, replica: ReplicaClient) -> None:
    replica.fault(FaultName.WITHDRAW_FAILS)
    site.open_invitation(url(SLUG)).withdraw()
    assert replica.effects() == []
    assert url(SLUG) in {sent.profile_url for sent in site.sent_invitations(NOW)}
