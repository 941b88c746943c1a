"""The registry of sites, and the values that other modules derive from a site's description."""

import pytest

from worker.rules.people.addresses import normalise_profile_url
from worker.rules.sites.registry import SITES
from worker.rules.sourcing.search import SearchQuery, build_search_url, parse_search


@pytest.mark.parametrize("name", SITES)
def test_a_site_accepts_the_addresses_that_it_gives(name: str) -> None:
    site = SITES[name]
    assert site.name == name
    if site.has_profile_addresses:
        address = f"{site.origin}/in/ann/"
        assert normalise_profile_url(address, name) == address
    if site.search is not None:
        query = SearchQuery(((next(iter(site.search.parameters), "any"), "ann"),))
        assert parse_search(build_search_url(query, name), name) == query
