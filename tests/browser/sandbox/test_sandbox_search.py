"""People search in every mark-up and both languages, against the network's own data."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page

from api_stub.sandbox.client import KnownProfile, SandboxClient
from api_stub.sandbox.faults import FaultName
from api_stub.sandbox.pages import search_address
from api_stub.sandbox.population.profiles import Profile, fold_text
from bench.browsers.expected import compare_fields, expected_address, expected_result
from tests.browser.conftest import Sites
from tests.browser.sandbox.ways import ways
from tests.conftest import TIMEOUT
from worker.browser.pool import BrowserPool
from worker.browser.sandbox.adapter import SandboxSite
from worker.errors import RapportError, Reason, StopAccountError, TryAgainError
from worker.rules.model import FoundPerson
from worker.rules.sourcing.search import SearchQuery

EVERYBODY = SearchQuery(())


def asking(**terms: str) -> SearchQuery:
    return SearchQuery(tuple(terms.items()))


def read_all_pages(site: SandboxSite, query: SearchQuery) -> list[FoundPerson]:
    """Read every page, as a campaign does."""
    people: list[FoundPerson] = []
    number, has_next = 1, True
    while has_next:
        result = site.search(query, number)
        people += result.people
        number, has_next = number + 1, result.has_next
    return people


@ways
def test_the_people_found_are_the_truth(
    sites: Sites, sandbox: SandboxClient, everybody: list[KnownProfile], markup: str, member: str
) -> None:
    sandbox.fault(FaultName.MARKUP, markup)
    true = [
        expected_result(one, member)
        for one in everybody
        if one.profile.location == "Trabzon, Türkiye"
        and any(job.company == "Waterkant" for job in one.profile.jobs)
    ]
    assert 10 < len(true) <= 20  # two pages
    read = read_all_pages(sites[member], asking(location="trabzon, turkiye", company="waterkant"))
    assert [one.profile_url for one in read] == [one.profile_url for one in true]
    assert [miss for pair in zip(read, true, strict=True) for miss in compare_fields(*pair).misses] == []


@pytest.mark.parametrize(
    ("query", "is_meant"),
    [
        (asking(title="Head of"), lambda p: any("head of" in title for title in titles(p))),
        (asking(company="chez marcel"), lambda p: any(job.company == "Chez Marcel" for job in p.jobs)),
        (asking(company='"Quiet" c'), lambda p: any(job.company == 'The "Quiet" Company' for job in p.jobs)),
        (asking(location="Łódź"), lambda p: p.location == "Łódź, Poland"),
        (asking(keywords="lefevre  ZOÉ"), lambda p: fold_text(p.name).startswith("zoe lefevre")),
        (
            asking(title="nurse", location="leeds"),
            lambda p: p.location.startswith("Leeds") and any("nurse" in title for title in titles(p)),
        ),
    ],
)
def test_a_term_narrows_the_search(
    site: SandboxSite,
    everybody: list[KnownProfile],
    query: SearchQuery,
    is_meant: Callable[[Profile], bool],
) -> None:
    meant = [expected_address(one) for one in everybody if is_meant(one.profile)]
    assert meant
    found = site.search(query, 1)
    assert [person.profile_url for person in found.people] == meant[:10]
    assert found.has_next is (len(meant) > 10)


def titles(person: Profile) -> list[str]:
    return [fold_text(title) for title in (person.headline, *(job.title for job in person.jobs))]


@ways
def test_nobody_found_is_an_answer(sites: Sites, sandbox: SandboxClient, markup: str, member: str) -> None:
    sandbox.fault(FaultName.MARKUP, markup)
    for terms in ({"keywords": "nobody-is-called-this"}, {"title": '"><script>alert(1)</script>&page=2'}):
        found = sites[member].search(asking(**terms), 1)
        assert (found.people, found.has_next) == ((), False)


def test_a_search_has_a_hundred_pages_at_most(site: SandboxSite, everybody: list[KnownProfile]) -> None:
    first, last, after = (site.search(EVERYBODY, number) for number in (1, 100, 101))
    assert [person.degree for person in first.people] == [1] * 10
    assert [person.profile_url for person in last.people] == [
        expected_address(one) for one in everybody[990:1000]
    ]
    assert (first.has_next, last.has_next) == (True, False)
    assert (after.people, after.has_next) == ((), False)


def test_who_is_gone_is_not_found(site: SandboxSite, sandbox: SandboxClient) -> None:
    query = asking(keywords="Xóchitl Ramírez")
    before = site.search(query, 1)
    sandbox.change("xochitl-ramirez", deleted=True)
    after = site.search(query, 1)
    sandbox.change("xochitl-ramirez", deleted=False)
    gone = [person for person in before.people if person not in after.people]
    assert [person.full_name for person in gone] == ["Xóchitl Ramírez ✨"]


def test_each_page_of_a_search_is_counted(site: SandboxSite, sandbox: SandboxClient) -> None:
    query = asking(location="Patras", keywords="go & see")
    for number in (1, 2, 2):
        site.search(query, number)
    views = sandbox.views("demo")
    terms = {"keywords": "go & see", "location": "Patras"}
    assert [views.get(search_address(terms, number)) for number in (1, 2, 3)] == [1, 2, None]


def test_a_pop_up_is_closed(site: SandboxSite, page: Page, sandbox: SandboxClient) -> None:
    sandbox.fault(FaultName.POPUP, path_prefix="/search/")
    assert len(site.search(EVERYBODY, 1).people) == 10
    assert page.locator("#popup").count() == 0


@pytest.mark.parametrize(
    ("fault", "kind", "reason"),
    [
        pytest.param(FaultName.CHALLENGE_PAGE, StopAccountError, Reason.CHALLENGE, marks=pytest.mark.soak),
        pytest.param(FaultName.STATUS_429, StopAccountError, Reason.LIMIT_PAGE, marks=pytest.mark.soak),
        (FaultName.LIMIT_PAGE, StopAccountError, Reason.LIMIT_PAGE),
        (FaultName.HTTP_500, TryAgainError, Reason.SITE_UNREACHABLE),
    ],
)
def test_a_struck_search(
    sites: Sites, sandbox: SandboxClient, fault: FaultName, kind: type[RapportError], reason: Reason
) -> None:
    sandbox.fault(fault, path_prefix="/search/")
    for site in sites.values():
        with pytest.raises(kind) as failed:
            site.search(EVERYBODY, 1)
        assert failed.value.reason is reason


def test_without_a_session_a_search_asks_to_sign_in(
    browser_pool: BrowserPool, sandbox: SandboxClient
) -> None:
    stranger = SandboxSite(browser_pool.page_for(9, None), sandbox.base_url, TIMEOUT)
    with pytest.raises(StopAccountError) as stopped:
        stranger.search(EVERYBODY, 1)
    assert stopped.value.reason is Reason.NOT_SIGNED_IN
    browser_pool.close_context(9)


ENTRY = '<h1>People</h1><main><ul><li><a href="{address}"><b dir="auto">{name}</b></a>{line}</li></ul></main>'
LINE = '<p data-field="headline">A headline</p>'


@pytest.mark.parametrize(
    "body",
    [
        "<h1>People</h1><main></main>",
        "<h1>Somewhere else</h1><main></main>",
        ENTRY.format(address="/in/mo/", name="", line=LINE),
        ENTRY.format(address="/in/mo/", name="Mo", line=""),
        ENTRY.format(address="/company/mo/", name="Mo", line=LINE),
    ],
    ids=["nothing", "another page", "no name", "no headline", "no address"],
)
def test_a_search_without_its_marks_is_unexpected(page: Page, sandbox: SandboxClient, body: str) -> None:
    site = SandboxSite(page, sandbox.base_url, timedelta(seconds=1))
    page.route("**/search/**", lambda route: route.fulfill(body=body, content_type="text/html"))
    with pytest.raises(TryAgainError) as failed:
        site.search(EVERYBODY, 1)
    page.unroute("**/search/**")
    assert failed.value.reason is Reason.SITE_UNEXPECTED


def test_what_a_site_leaves_out_is_left_out(page: Page, site: SandboxSite) -> None:
    body = ENTRY.format(address="https://127.0.0.1/in/MO?trk=x", name="Mo", line=LINE)
    page.route("**/search/**", lambda route: route.fulfill(body=body, content_type="text/html"))
    found = site.search(EVERYBODY, 1)
    page.unroute("**/search/**")
    assert found.people == (FoundPerson("https://sandbox.test/in/mo/", "Mo", "A headline", "", None, False),)
