"""Walking through pages of people: each page and person once, whatever dies. The site's ledger judges."""

from datetime import timedelta
from typing import Any

import pytest
import redis
from sqlalchemy import delete, func, select, text

from db.store.people.accounts import AccountRecord
from db.tables import Action, Campaign, Contact, Hit, StoredProfile
from tasks.actions.perform import perform_action
from tasks.actions.settle import Outcome
from tasks.services import Services
from tests.tasks.search_helpers import (
    KilledError,
    a_reader,
    hits_of,
    next_due,
    opened,
    run_all,
    search_of,
    states,
    the_search,
    visits_of,
    waits_are_over,
    weeks_pass,
    worker_dies,
)
from worker.browser.ledger import LedgerSite
from worker.errors import Reason, RequestRefusedError, TryAgainError
from worker.rules.model import ActionState, Kind, ResultPage, SearchEnd
from worker.rules.policy import MAX_FAILURES
from worker.rules.quota.limits import Limits
from worker.rules.sourcing.search import SearchQuery

DONE = (ActionState.DONE, None)
NO_GAP = timedelta(0)


@pytest.fixture
def account(without_pages: Services) -> AccountRecord:
    return a_reader(without_pages)


def kill_on_page(monkeypatch: pytest.MonkeyPatch, wanted: int) -> None:
    """Let the worker die when the site has shown this page, once."""
    really = LedgerSite.search

    def killed(site: LedgerSite, query: SearchQuery, page: int) -> ResultPage:
        shown = really(site, query, page)
        if page == wanted:
            monkeypatch.setattr(LedgerSite, "search", really)
            raise KilledError
        return shown

    monkeypatch.setattr(LedgerSite, "search", killed)


def pages(services: Services) -> dict[str, int]:
    return {page: count for page, count in opened(services).items() if page.startswith("page")}


def test_every_page_and_every_person_once(without_pages: Services, account: AccountRecord) -> None:
    campaign_id = search_of(without_pages, account, people=23)
    run_all(without_pages)
    assert opened(without_pages) == {f"page {n}": 1 for n in (1, 2, 3)} | {
        f"ledger:p-{n}": 1 for n in range(1, 24)
    }
    search = the_search(without_pages, campaign_id)
    assert (search.pages, search.found, search.ended) == (3, 23, SearchEnd.NO_MORE_PAGES)
    assert hits_of(without_pages, campaign_id) == 23
    assert without_pages.quota.compare_with_ledger(account.id)


def test_only_what_the_criteria_need_is_kept(without_pages: Services, account: AccountRecord) -> None:
    search_of(without_pages, account, people=1)
    run_all(without_pages)
    with without_pages.database.transaction() as session:
        told = session.scalars(select(StoredProfile.profile)).one()
    assert told["skills"] == ["Patience", "Planning"]
    assert not {"about", "positions", "education", "languages", "certifications"} & set(told)


def test_the_limit_ends_it_in_the_middle_of_a_page(without_pages: Services, account: AccountRecord) -> None:
    campaign_id = search_of(without_pages, account, people=100, limit=15)
    run_all(without_pages)
    search = the_search(without_pages, campaign_id)
    assert (search.pages, search.found, search.ended) == (2, 15, SearchEnd.LIMIT)
    assert sum(opened(without_pages).values()) == 17
    with without_pages.database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Contact)) == 15  # nobody beyond it is kept


def test_a_page_that_can_never_be_read_ends_the_search_and_says_so(
    without_pages: Services, account: AccountRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_site: LedgerSite, _query: SearchQuery, _page: int) -> ResultPage:
        raise TryAgainError(Reason.SITE_UNEXPECTED, "an entry can't be read")

    campaign_id = search_of(without_pages, account, people=30)
    perform_action(without_pages, next_due(without_pages))
    monkeypatch.setattr(LedgerSite, "search", broken)
    monkeypatch.setattr("worker.quota.arguments.THRESHOLD", 100)
    for _ in range(MAX_FAILURES):
        run_all(without_pages)
        waits_are_over(without_pages)
    search = the_search(without_pages, campaign_id)
    assert (search.pages, search.ended) == (1, SearchEnd.FAILED)
    assert states(without_pages, campaign_id, Kind.COLLECT) == {
        DONE: 1, (ActionState.FAILED, Reason.TOO_MANY_ATTEMPTS): 1,
    }  # fmt: skip


def test_a_page_that_kills_its_workers_ends_the_search_and_says_so(
    without_pages: Services, account: AccountRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id = search_of(without_pages, account, people=30)
    for _ in range(MAX_FAILURES):
        kill_on_page(monkeypatch, 1)
        with pytest.raises(KilledError):
            run_all(without_pages)
        worker_dies(without_pages)
    assert run_all(without_pages) == []
    assert the_search(without_pages, campaign_id).ended is SearchEnd.FAILED


def test_pages_without_anybody_new_end_it(without_pages: Services, account: AccountRecord) -> None:
    search_of(without_pages, account, people=20)
    run_all(without_pages)
    before = opened(without_pages)
    again = search_of(without_pages, account, people=100, stop_after=3, limit=5)
    run_all(without_pages)
    search = the_search(without_pages, again)
    assert search.ended is SearchEnd.LIMIT  # pages 1 and 2 held nobody to be visited, page 3 did
    once_more = search_of(without_pages, account, people=100, stop_after=2)
    run_all(without_pages)
    search = the_search(without_pages, once_more)
    assert (search.pages, search.ended) == (2, SearchEnd.NO_NEWS)
    assert hits_of(without_pages, once_more) == 20  # found, and scored by what is known, though not opened
    people = {page: n for page, n in opened(without_pages).items() if not page.startswith("page")}
    assert set(people.values()) == {1}
    assert before["page 1"] == 1


def test_a_profile_that_lacks_what_is_needed_is_opened_again(
    without_pages: Services, account: AccountRecord
) -> None:
    search_of(without_pages, account, people=1)
    run_all(without_pages)
    search_of(without_pages, account, people=1, criteria={"skills": ["Planning"], "open_to_work": True})
    run_all(without_pages)
    assert opened(without_pages)["ledger:p-1"] == 1
    search_of(without_pages, account, people=1, criteria={"languages": ["fr"]})
    run_all(without_pages)
    assert opened(without_pages)["ledger:p-1"] == 2
    with without_pages.database.transaction() as session:
        told = session.scalars(select(StoredProfile.profile)).one()
    assert "skills" in told  # what an earlier campaign keeps is read anew with it


def test_a_killed_worker_costs_one_page_and_loses_nothing(
    without_pages: Services, account: AccountRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id = search_of(without_pages, account, people=25)
    kill_on_page(monkeypatch, 2)
    with pytest.raises(KilledError):
        run_all(without_pages)
    worker_dies(without_pages)
    run_all(without_pages)
    # The page that the dead worker had open was never kept, so it is read once more; no other is.
    assert pages(without_pages) == {"page 1": 1, "page 2": 2, "page 3": 1}
    assert the_search(without_pages, campaign_id).found == hits_of(without_pages, campaign_id) == 25
    assert without_pages.quota.compare_with_ledger(account.id)


def test_a_page_that_was_kept_is_not_opened_by_a_second_message(
    without_pages: Services, account: AccountRecord
) -> None:
    search_of(without_pages, account, people=5)
    action_id = next_due(without_pages)
    assert perform_action(without_pages, action_id) is Outcome.DONE
    assert perform_action(without_pages, action_id) is Outcome.DUPLICATE
    assert pages(without_pages) == {"page 1": 1}


def test_a_worker_that_lost_its_page_keeps_nothing_of_it(
    without_pages: Services, account: AccountRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id = search_of(without_pages, account, people=5)
    really = LedgerSite.search

    def slow(site: LedgerSite, query: SearchQuery, page: int) -> ResultPage:
        monkeypatch.setattr(LedgerSite, "search", really)
        worker_dies(without_pages)  # everybody takes it for dead, and another one does its work
        assert perform_action(without_pages, next_due(without_pages)) is Outcome.DONE
        return really(site, query, page)

    monkeypatch.setattr(LedgerSite, "search", slow)
    assert perform_action(without_pages, next_due(without_pages)) is Outcome.LOST
    assert (the_search(without_pages, campaign_id).pages, hits_of(without_pages, campaign_id)) == (1, 5)


def test_pages_and_views_wait_for_their_own_quota_and_the_counters_can_be_rebuilt(
    without_pages: Services,
) -> None:
    account = a_reader(
        without_pages,
        "slow",
        pages=Limits(10, 2, 10, NO_GAP, NO_GAP),
        views=Limits(100, 15, 100, NO_GAP, NO_GAP),
    )
    campaign_id = search_of(without_pages, account, people=40)
    run_all(without_pages)
    waits = (ActionState.PLANNED, Reason.DAY_LIMIT)
    assert states(without_pages, campaign_id, Kind.COLLECT) == {DONE: 2, waits: 1}
    assert states(without_pages, campaign_id, Kind.VISIT) == {DONE: 15, waits: 5}
    with redis.Redis.from_url(without_pages.settings.required("redis_url").get_secret_value()) as client:
        client.flushall()
    waits_are_over(without_pages)
    assert set(run_all(without_pages)) == {Outcome.DENIED}
    assert sum(opened(without_pages).values()) == 17


def test_the_same_campaign_asked_twice_starts_once(without_pages: Services, account: AccountRecord) -> None:
    campaign_id = search_of(without_pages, account, people=3)
    with without_pages.database.transaction() as session:
        session.execute(delete(Action))  # as if all had been done and forgotten
    search_of(without_pages, account, people=3, campaign_id=campaign_id)
    assert run_all(without_pages) == []


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"url": "https://evil.test/?people=3"}, "url: this isn't an address on ledger"),
        ({"url": None, "saved_search": "nobody-saved-this"}, "has no search 'nobody-saved-this'"),
    ],
)
def test_a_search_that_leads_elsewhere_is_refused_and_leaves_nothing(
    without_pages: Services, account: AccountRecord, asked: dict[str, Any], told: str
) -> None:
    with pytest.raises(RequestRefusedError, match=told):
        search_of(without_pages, account, people=3, **asked)
    with without_pages.database.transaction() as session:
        assert session.scalars(select(Campaign)).all() == []


def test_a_visitor_campaign_walks_a_saved_search_too(without_pages: Services, account: AccountRecord) -> None:
    with without_pages.database.transaction() as session:
        session.execute(
            text(
                "insert into saved_searches (account_id, name, terms) "
                'values (:account, \'many\', \'[["people", "12"], ["name", "p"]]\')'
            ),
            {"account": account.id},
        )
    visits_of(without_pages, account, profiles=["ledger:p-3"])
    run_all(without_pages)
    weeks_pass(without_pages, 20)
    campaign_id = visits_of(without_pages, account, saved_search="many")
    run_all(without_pages)
    lately = (ActionState.SKIPPED, Reason.VISITED_LATELY)
    assert states(without_pages, campaign_id, Kind.VISIT) == {DONE: 11, lately: 1}
    assert opened(without_pages)["ledger:p-3"] == 1
    with without_pages.database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Contact)) == 12
        assert session.scalar(select(func.count()).select_from(Hit)) == 12
