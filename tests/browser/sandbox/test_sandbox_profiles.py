"""Profiles in every mark-up and both languages, field by field against the network's own data."""

# ruff: noqa: RUF001 -- pages contain these dashes

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise

import pytest
from playwright.sync_api import Page

from api_stub.sandbox.client import KnownProfile, SandboxClient
from api_stub.sandbox.faults import MARKUPS, FaultName
from api_stub.sandbox.pages import INITIALLY_SHOWN
from api_stub.sandbox.population.profiles import Profile as Truth
from bench.browsers.expected import compare_fields, expected_address, expected_profile
from tests.browser.conftest import Sites
from tests.browser.sandbox.ways import ways
from worker.browser.sandbox.adapter import SandboxSite
from worker.errors import NeverError, RapportError, Reason, StopAccountError, TryAgainError
from worker.rules.sourcing.profile import Section

AWKWARD: list[Callable[[Truth], bool]] = [
    lambda p: p.slug == "mo",
    lambda p: not p.jobs,
    lambda p: not p.skills,
    lambda p: not p.location,
    lambda p: not p.about,
    lambda p: not p.slug.isascii(),
    lambda p: len(p.about) > 4000,
    lambda p: "•" in p.about,
    lambda p: "<b>" in p.about,
    lambda p: p.headline == "Open to work" and not p.open_to_work,
    lambda p: p.open_to_work,
    lambda p: len(p.jobs) == 6,
    lambda p: any(job.started is None for job in p.jobs),
    lambda p: any(len(job.started or "") == 4 for job in p.jobs),
    lambda p: any(" chez " in job.title for job in p.jobs),
    lambda p: any(" at " in job.title for job in p.jobs),
    lambda p: any(" at " in job.company for job in p.jobs),
    lambda p: any(" · " in job.company for job in p.jobs),
    lambda p: any('"' in job.company or "<" in job.company or "&" in job.company for job in p.jobs),
    lambda p: any(one.title == other.title for one, other in pairwise(p.jobs)),
    lambda p: len(p.skills) == 40,
    lambda p: len(p.schools) == 4,
    lambda p: any(school.started is None and school.ended for school in p.schools),
    lambda p: any(school.started and school.ended is None for school in p.schools),
    lambda p: len(p.certificates) == 6,
    lambda p: len(p.spoken) == 4,
]


@pytest.fixture(scope="session")
def awkward(everybody: list[KnownProfile]) -> list[KnownProfile]:
    """A few people who together have every difficulty."""
    people: list[KnownProfile] = []
    left = list(AWKWARD)
    while left:
        worst = max(everybody, key=lambda one: sum(is_one(one.profile) for is_one in left))
        missing = [is_one for is_one in left if not is_one(worst.profile)]
        assert len(missing) < len(left)
        people.append(worst)
        left = missing
    return people


@pytest.fixture(scope="session")
def folded(everybody: list[KnownProfile]) -> KnownProfile:
    """A person with at least four folded sections, including the text and the skills."""
    return next(
        one
        for one in everybody
        if {Section.ABOUT, Section.SKILLS} <= folds(one.profile) and len(folds(one.profile)) >= 4
    )


def folds(profile: Truth) -> set[Section]:
    """Return the sections that are folded."""
    long = {
        Section.ABOUT: len(profile.about) > INITIALLY_SHOWN["about"],
        Section.POSITIONS: len(profile.jobs) > INITIALLY_SHOWN["jobs"],
        Section.EDUCATION: len(profile.schools) > INITIALLY_SHOWN["schools"],
        Section.SKILLS: len(profile.skills) > INITIALLY_SHOWN["skills"],
        Section.CERTIFICATIONS: len(profile.certificates) > INITIALLY_SHOWN["certificates"],
        Section.LANGUAGES: len(profile.spoken) > INITIALLY_SHOWN["spoken"],
    }
    return {section for section, is_long in long.items() if is_long}


@ways
@pytest.mark.parametrize("of_them", ["every second", pytest.param("all", marks=pytest.mark.soak)])
def test_a_profile_is_the_truth(
    sites: Sites,
    sandbox: SandboxClient,
    awkward: list[KnownProfile],
    *,
    markup: str,
    member: str,
    of_them: str,
) -> None:
    sandbox.fault(FaultName.MARKUP, markup)
    misses: list[tuple[str, object, object]] = []
    place = MARKUPS.index(markup)
    for one in awkward if of_them == "all" else awkward[place % 2 :: 2]:
        read = sites[member].read_profile(f"{expected_address(one)}?trk=people-search#top", list(Section))
        misses += compare_fields(read, expected_profile(one, member)).misses
    assert misses == []


@ways
def test_what_is_folded_is_opened_only_where_it_is_asked_for(
    sites: Sites, sandbox: SandboxClient, folded: KnownProfile, markup: str, member: str
) -> None:
    sandbox.fault(FaultName.MARKUP, markup)
    one = folded
    read = sites[member].read_profile(expected_address(one), {Section.SKILLS, Section.ABOUT})
    assert read.skills == one.profile.skills
    assert read.about == one.profile.about
    assert [read.positions, read.education, read.languages, read.certifications] == [None] * 4
    page = sites.pages[member]
    assert page.locator("[data-unfold]").count() == len(folds(one.profile)) - 2


def test_the_head_alone_is_read_to_the_end_of_the_page(
    site: SandboxSite, page: Page, folded: KnownProfile
) -> None:
    read = site.read_profile(expected_address(folded), ())
    assert (read.about, read.positions, read.skills) == (None, None, None)
    assert page.locator("[data-unfold]").count() == len(folds(folded.profile))
    assert page.evaluate("scrollY > 0 && scrollY + innerHeight >= document.documentElement.scrollHeight - 1")


def test_a_section_that_is_not_there_is_empty(site: SandboxSite, everybody: list[KnownProfile]) -> None:
    one = next(one for one in everybody if not (one.profile.jobs or one.profile.about or one.profile.schools))
    read = site.read_profile(expected_address(one), {Section.ABOUT, Section.POSITIONS, Section.EDUCATION})
    assert (read.about, read.positions, read.education, read.skills) == ("", (), (), None)


def test_a_profile_is_opened_once(
    site: SandboxSite, sandbox: SandboxClient, everybody: list[KnownProfile]
) -> None:
    path = f"/in/{everybody[-1].profile.slug}/"
    before = sandbox.views("demo").get(path, 0)
    site.read_profile(expected_address(everybody[-1]), list(Section))
    assert sandbox.views("demo")[path] == before + 1


def test_a_profile_of_somebody_else_is_not_kept(
    site: SandboxSite, page: Page, everybody: list[KnownProfile]
) -> None:
    asked, shown = everybody[-1].profile.slug, everybody[-2].profile.slug
    page.route(f"**/in/{asked}/", lambda route: route.continue_(url=route.request.url.replace(asked, shown)))
    try:
        with pytest.raises(TryAgainError, match="somebody else's"):
            site.read_profile(expected_address(everybody[-1]), [])
    finally:
        page.unroute_all()


@pytest.mark.parametrize(
    "markup",
    [MARKUPS[0], *(pytest.param(markup, marks=pytest.mark.soak) for markup in MARKUPS[1:-1]), MARKUPS[-1]],
)
def test_a_pop_up_is_closed(
    site: SandboxSite, page: Page, sandbox: SandboxClient, folded: KnownProfile, markup: str
) -> None:
    sandbox.fault(FaultName.MARKUP, markup)
    sandbox.fault(FaultName.POPUP, path_prefix="/in/")
    assert site.read_profile(expected_address(folded), list(Section)) == expected_profile(folded, "demo")
    assert page.locator("#popup").count() == 0


def test_a_connection_that_ends_is_further_away(site: SandboxSite, sandbox: SandboxClient) -> None:
    assert site.read_profile("https://sandbox.test/in/mo/", ()).degree == 1
    sandbox.change("mo", connected=False)
    degree = site.read_profile("https://sandbox.test/in/mo/", ()).degree
    sandbox.change("mo", connected=True)
    assert degree in {2, 3}


def test_a_profile_that_is_gone(
    site: SandboxSite, sandbox: SandboxClient, everybody: list[KnownProfile]
) -> None:
    one = everybody[50]
    sandbox.change(one.profile.slug, deleted=True)
    with pytest.raises(NeverError) as never:
        site.read_profile(expected_address(one), ())
    sandbox.change(one.profile.slug, deleted=False)
    assert never.value.reason is Reason.PROFILE_GONE


@pytest.mark.parametrize(
    ("fault", "kind", "reason"),
    [
        (FaultName.CHALLENGE_PAGE, StopAccountError, Reason.CHALLENGE),
        pytest.param(FaultName.STATUS_429, StopAccountError, Reason.LIMIT_PAGE, marks=pytest.mark.soak),
        pytest.param(FaultName.LIMIT_PAGE, StopAccountError, Reason.LIMIT_PAGE, marks=pytest.mark.soak),
        (FaultName.HTTP_500, TryAgainError, Reason.SITE_UNREACHABLE),
    ],
)
def test_a_struck_profile(
    sites: Sites, sandbox: SandboxClient, fault: FaultName, kind: type[RapportError], reason: Reason
) -> None:
    sandbox.fault(fault, path_prefix="/in/")
    for site in sites.values():
        with pytest.raises(kind) as failed:
            site.read_profile("https://sandbox.test/in/mo/", list(Section))
        assert failed.value.reason is reason


PAGE = (
    '<link rel="canonical" href="/in/{slug}/"><main><h1>Mo</h1><p data-field="headline">A mechanic</p>'
    "<section><h2>Experience</h2><ul>{entry}</ul></section></main>"
)
GOOD = '<li><b data-field="title">T</b><i data-field="company">C</i><u data-field="dates">{dates}</u></li>'


@pytest.mark.parametrize(
    "body",
    [
        PAGE.format(slug="maria-garcia-84", entry=GOOD.format(dates="2019 – Present")),
        PAGE.format(slug="mo", entry=""),
        PAGE.format(
            slug="mo", entry=f"{GOOD.format(dates='2019 – Present')}<button>Show all 7 jobs</button>"
        ),
        PAGE.format(slug="mo", entry='<li><b data-field="title">T</b></li>'),
        PAGE.format(slug="mo", entry=GOOD.format(dates="since Tuesday")),
        PAGE.format(slug="mo", entry=GOOD.format(dates="Ja 2019 – Present")),
        PAGE.format(slug="mo", entry=GOOD.format(dates="2019 – Present")).replace("canonical", "other"),
        PAGE.format(slug="mo", entry=GOOD.format(dates="2019 – Present")).replace("headline", "other"),
        "<main></main>",
    ],
    ids=[
        "somebody else's",
        "no entries",
        "does not open",
        "no company",
        "no dates",
        "no month",
        "nobody's",
        "no headline",
        "no name",
    ],
)
def test_a_profile_without_its_marks_is_unexpected(page: Page, sandbox: SandboxClient, body: str) -> None:
    site = SandboxSite(page, sandbox.base_url, timedelta(seconds=1))
    page.route("**/in/mo/", lambda route: route.fulfill(body=body, content_type="text/html; charset=utf-8"))
    with pytest.raises(TryAgainError) as failed:
        site.read_profile("https://sandbox.test/in/mo/", {Section.POSITIONS})
    page.unroute("**/in/mo/")
    assert failed.value.reason is Reason.SITE_UNEXPECTED
