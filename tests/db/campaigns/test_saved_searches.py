"""Saved searches, and the search that a campaign's options resolve to."""

import pytest

from db.engine import Database
from db.store.campaigns import saved_searches
from db.store.campaigns.saved_searches import NoSavedSearchError, SearchSpec
from tests.builders import TEN, an_account
from worker.errors import RequestRefusedError
from worker.rules.sourcing.criteria import Criteria, Criterion
from worker.rules.sourcing.search import SearchQuery

QUERY = SearchQuery((("keywords", "python & c"), ("location", "Zürich")))
CRITERIA = Criteria(
    skills=("Python", "SQL"),
    min_years=0,
    weights={Criterion.SKILLS: 3},
    required=frozenset({Criterion.SKILLS}),
)
URL = "https://sandbox.test/search/people/?keywords=rust"


def test_a_search_comes_back_as_it_was_saved(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        saved_searches.save_search(session, account.id, "one", SearchSpec(QUERY, CRITERIA))
    with database.transaction() as session:
        found = saved_searches.find_saved_search(session, account.id, "one")
    assert found is not None
    assert (found.account, found.site, found.name) == ("demo", "sandbox", "one")
    assert found.spec == SearchSpec(QUERY, CRITERIA)


def test_a_name_is_an_account_s_own_and_holds_one_search(database: Database) -> None:
    with database.transaction() as session:
        account, other = an_account(session), an_account(session, "other")
        saved_searches.save_search(session, account.id, "one", SearchSpec(QUERY, CRITERIA))
        saved_searches.save_search(session, account.id, "one", SearchSpec(QUERY, Criteria()))
        saved_searches.save_search(session, other.id, "one", SearchSpec(QUERY, CRITERIA))
        saved_searches.save_search(session, account.id, "a", SearchSpec(QUERY, CRITERIA))
        found = saved_searches.list_saved_searches(session)
        assert [(one.account, one.name) for one in found] == [
            ("demo", "a"),
            ("demo", "one"),
            ("other", "one"),
        ]
        assert found[1].spec.criteria == Criteria()
        assert saved_searches.delete_saved_search(session, account.id, "one")
        assert not saved_searches.delete_saved_search(session, account.id, "one")
        assert saved_searches.find_saved_search(session, account.id, "one") is None
        assert [one.name for one in saved_searches.list_saved_searches(session, account="other")] == ["one"]


def test_what_is_wanted_comes_from_an_address_a_saved_search_or_criteria(database: Database) -> None:
    with database.transaction() as session:
        account = an_account(session)
        saved_searches.save_search(session, account.id, "one", SearchSpec(QUERY, CRITERIA))

        def wanted(url: str | None, name: str | None, **criteria: str) -> SearchSpec:
            return saved_searches.resolve_search(
                session, account, url=url, name=name, criteria=Criteria.model_validate(criteria)
            )

        rust = SearchQuery((("keywords", "rust"),))
        assert wanted(URL, None, title="Chef") == SearchSpec(rust, Criteria(title="Chef"))
        assert wanted(None, "one") == SearchSpec(QUERY, CRITERIA)
        assert wanted(None, "one", title="Chef") == SearchSpec(QUERY, Criteria(title="Chef"))
        chef = SearchQuery((("title", "Chef"),))
        assert wanted(None, None, title="Chef") == SearchSpec(chef, Criteria(title="Chef"))


def test_what_cannot_be_searched_says_which_field(database: Database) -> None:
    with database.transaction() as session:
        account, real = an_account(session), an_account(session, "real", site="linkedin", limits=TEN)
        saved_searches.save_search(session, real.id, "one", SearchSpec(QUERY, CRITERIA))
        with pytest.raises(NoSavedSearchError, match=r"^saved_search: account demo has no search 'one'"):
            saved_searches.resolve_search(session, account, url=None, name="one", criteria=Criteria())
        with pytest.raises(RequestRefusedError, match=r"^url: this isn't an address on linkedin"):
            saved_searches.resolve_search(session, real, url=URL, name=None, criteria=Criteria())
        with pytest.raises(RequestRefusedError, match=r"^criteria: there is nothing to search for"):
            saved_searches.resolve_search(
                session, account, url=None, name=None, criteria=Criteria(open_to_work=True)
            )
