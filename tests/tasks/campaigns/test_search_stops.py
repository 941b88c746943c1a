"""What stops a search: cancelling it, people who are forgotten, and imports."""

from collections.abc import Callable

import pytest
from sqlalchemy import func

from db.store.actions import control
from db.store.actions.control import CampaignVerb
from db.store.people import import_lock
from db.store.people.accounts import AccountRecord
from db.tables import Tombstone
from tasks.actions.perform import perform_action
from tasks.actions.settle import Outcome
from tasks.services import Services
from tests.tasks.search_helpers import (
    a_reader,
    hits_of,
    next_due,
    opened,
    run_all,
    search_of,
    states,
)
from worker.browser.ledger import LedgerSite
from worker.errors import Reason
from worker.rules.model import ActionState, Kind, ResultPage
from worker.rules.sourcing.search import SearchQuery

DONE = (ActionState.DONE, None)


@pytest.fixture
def account(without_pages: Services) -> AccountRecord:
    return a_reader(without_pages)


def test_a_cancelled_campaign_reads_no_further(without_pages: Services, account: AccountRecord) -> None:
    campaign_id = search_of(without_pages, account, people=100)
    assert perform_action(without_pages, next_due(without_pages)) is Outcome.DONE
    with without_pages.database.transaction() as session:
        assert control.change_campaign(session, campaign_id, CampaignVerb.CANCEL) == 11
    assert run_all(without_pages) == []
    assert opened(without_pages) == {"page 1": 1}


def test_one_cancelled_while_its_page_is_read_plans_nothing(
    without_pages: Services, account: AccountRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id = search_of(without_pages, account, people=100)

    def cancelled() -> None:
        with without_pages.database.transaction() as session:
            control.change_campaign(session, campaign_id, CampaignVerb.CANCEL)

    before_the_page(monkeypatch, cancelled)
    run_all(without_pages)
    assert opened(without_pages) == {"page 1": 1}
    assert not states(without_pages, campaign_id, Kind.VISIT)
    assert states(without_pages, campaign_id, Kind.COLLECT) == {DONE: 1}


def before_the_page(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], None]) -> None:
    """Let something happen while the next page is on its way, once."""
    really = LedgerSite.search

    def search(site: LedgerSite, query: SearchQuery, page: int) -> ResultPage:
        monkeypatch.setattr(LedgerSite, "search", really)
        happens()
        return really(site, query, page)

    monkeypatch.setattr(LedgerSite, "search", search)


def test_who_asked_to_be_forgotten_is_passed_over(without_pages: Services, account: AccountRecord) -> None:
    with without_pages.database.transaction() as session:
        fingerprint = func.sha256(func.convert_to("ledger:p-2", "UTF8"))
        session.add(Tombstone(site="ledger", fingerprint=fingerprint))
    campaign_id = search_of(without_pages, account, people=3)
    run_all(without_pages)
    assert set(opened(without_pages)) == {"page 1", "ledger:p-1", "ledger:p-3"}
    assert hits_of(without_pages, campaign_id) == 2


def test_no_page_is_read_while_contacts_are_imported(without_pages: Services, account: AccountRecord) -> None:
    campaign_id = search_of(without_pages, account, people=3)
    with without_pages.database.transaction() as session:
        import_lock.lock_for_import(session, account.id)
        assert run_all(without_pages) == [Outcome.POSTPONED]
    waits = (ActionState.PLANNED, Reason.IMPORT_UNDER_WAY)
    assert states(without_pages, campaign_id, Kind.COLLECT) == {waits: 1}
    assert opened(without_pages) == {}
