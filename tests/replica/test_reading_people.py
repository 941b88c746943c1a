"""Profiles and searches of the replica, read by the adapter, against what the replica knows."""

from datetime import timedelta
from urllib.parse import quote

import pytest

from api_stub.sandbox.faults import FaultName
from tests.replica.linkedin.client import ReplicaClient
from tests.replica.linkedin.pages_lists.profile_facts import facts_of
from tests.replica.linkedin.people import Person, make_people
from worker.browser.linkedin.adapter import LinkedInSite
from worker.browser.pool import BrowserPool
from worker.errors import Reason, StopAccountError
from worker.rules.sourcing.profile import Section
from worker.rules.sourcing.search import SearchQuery

PEOPLE = {person.slug: person for person in make_people()}
WAIT = timedelta(seconds=10)


def address(key: str) -> str:
    return f"https://www.linkedin.com/in/{quote(key)}/"


def keywords(words: str) -> SearchQuery:
    return SearchQuery((("keywords", words),))


@pytest.fixture
def site(browser_pool: BrowserPool, replica_state: str, replica: ReplicaClient) -> LinkedInSite:
    return LinkedInSite(browser_pool.page_for(904, replica_state), replica.base_url, WAIT)


@pytest.mark.parametrize(
    ("front_end", "language", "drift", "slug"),
    [("ember", "pl", 1, "hana-pending"), ("sdui", "de", 2, "jürgen-müßig")],
)
def test_the_head_of_a_profile_is_read_after_changes_of_the_site_too(
    site: LinkedInSite, replica: ReplicaClient, *, front_end: str, language: str, drift: int, slug: str
) -> None:
    replica.set(front_end=front_end, language=language, drift=drift)
    person: Person = PEOPLE[slug]
    read = site.read_profile(address(slug), ())
    assert (read.full_name, read.headline, read.degree) == (person.name, person.headline, person.degree)
    assert read.location == facts_of(person).city
    assert site.shown_keys().addresses == (address(slug), address(person.member_id))


def test_the_sections_are_read_with_what_stands_on_pages_of_their_own(
    site: LinkedInSite, replica: ReplicaClient
) -> None:
    replica.set(language="es")
    facts = facts_of(PEOPLE["ben-plain"])
    read = site.read_profile(
        address("ben-plain"), {Section.POSITIONS, Section.SKILLS, Section.CERTIFICATIONS}
    )
    roles = [(role.title, job.company) for job in facts.jobs for role in job.roles]
    assert [(each.title, each.company) for each in read.positions or ()] == roles
    assert read.skills == facts.skills
    assert read.certifications == facts.certifications == ()
    assert (read.about, read.languages) == (None, None)


@pytest.mark.parametrize(
    ("front_end", "language", "drift"),
    [("sdui", "en", 2), pytest.param("ember", "de", 0, marks=pytest.mark.soak)],
)
def test_a_search_has_its_people_and_its_limit(
    site: LinkedInSite, replica: ReplicaClient, front_end: str, language: str, drift: int
) -> None:
    replica.set(front_end=front_end, language=language, drift=drift)
    read = site.search(keywords("talk"), 1)
    talking = [person for person in PEOPLE.values() if person.slug.startswith("talk-")]
    # one row is that of a hidden member, and one has the address by member id
    assert [person.full_name for person in read.people] == [person.name for person in talking[:9]]
    known = {address(key) for person in talking for key in (person.slug, person.member_id)}
    assert {person.profile_url for person in read.people} <= known
    assert read.has_next
    assert site.search(keywords("nobody at all"), 1).people == ()
    replica.fault(FaultName.SEARCH_LIMIT)
    with pytest.raises(StopAccountError) as stop:
        site.search(keywords("talk"), 2)
    assert stop.value.reason is Reason.LIMIT_PAGE
