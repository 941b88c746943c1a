"""Whom pages and lists of people lead to: whom a campaign keeps, plans and leaves alone."""

from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from db.store.actions import control
from db.store.campaigns import campaigns
from db.store.people import contacts, import_lock, visits
from db.store.people.accounts import AccountRecord
from db.tables import AuditHead, Campaign, Hit
from tasks.actions.perform import perform_action
from tasks.actions.settle import Outcome
from tasks.campaigns.scoring import list_needed_sections
from tasks.campaigns.start import start_campaign
from tasks.contract import VisitorOptions
from tasks.services import Services
from tests.tasks.search_helpers import (
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
)
from worker import logs
from worker.browser.ledger import LedgerSite
from worker.errors import Reason, RequestRefusedError
from worker.rules.model import ActionState, Kind, ResultPage, SearchEnd
from worker.rules.sourcing.profile import Section
from worker.rules.sourcing.search import SearchQuery

DONE = (ActionState.DONE, None)


@pytest.fixture
def account(without_pages: Services) -> AccountRecord:
    return a_reader(without_pages)


def saved_search(services: Services, account: AccountRecord, people: int) -> None:
    with services.database.transaction() as session:
        session.execute(
            text("insert into saved_searches (account_id, name, terms) values (:account, 'many', :terms)"),
            {"account": account.id, "terms": f'[["people", "{people}"], ["name", "p"]]'},
        )


def test_no_import_begins_while_a_page_is_kept(
    without_pages: Services, account: AccountRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    search_of(without_pages, account, people=1)
    free: list[bool | None] = []

    def look(*_: object) -> None:
        with without_pages.database.transaction() as session:
            free.append(import_lock.try_lock_for_import(session, account.id))

    monkeypatch.setattr("tasks.campaigns.scoring.score_found_people", look)
    assert perform_action(without_pages, next_due(without_pages)) is Outcome.DONE
    assert free == [False]


def test_only_pages_in_a_row_without_anybody_new_end_a_search(
    without_pages: Services, account: AccountRecord
) -> None:
    visits_of(without_pages, account, profiles=[f"ledger:p-{n}" for n in [*range(1, 11), *range(21, 31)]])
    run_all(without_pages)
    campaign_id = search_of(without_pages, account, people=40, stop_after=2, criteria={"open_to_work": True})
    run_all(without_pages)
    search = the_search(without_pages, campaign_id)
    assert (search.pages, search.ended) == (4, SearchEnd.NO_MORE_PAGES)


def test_somebody_who_is_about_to_be_visited_is_not_planned_twice(
    without_pages: Services, account: AccountRecord
) -> None:
    saved_search(without_pages, account, people=2)
    campaign_id = visits_of(without_pages, account, saved_search="many")
    page = next_due(without_pages)
    first = visits_of(without_pages, account, profiles=["ledger:p-1"])
    assert perform_action(without_pages, page) is Outcome.DONE
    assert sum(states(without_pages, campaign_id, Kind.VISIT).values()) == 1
    run_all(without_pages)
    assert states(without_pages, first, Kind.VISIT) == {DONE: 1}


def test_whom_to_leave_alone_a_search_does_not_visit(without_pages: Services, account: AccountRecord) -> None:
    visits_of(without_pages, account, profiles=["ledger:p-1"])
    with without_pages.database.transaction() as session:
        contacts.set_do_not_contact(session, account.id, "ledger:p-1", value=True, by="tests")
    campaign_id = search_of(without_pages, account, people=2)
    assert perform_action(without_pages, next_due(without_pages)) in {Outcome.DONE, Outcome.SKIPPED}
    assert perform_action(without_pages, next_due(without_pages)) in {Outcome.DONE, Outcome.SKIPPED}
    left_alone = (ActionState.SKIPPED, Reason.DO_NOT_CONTACT)
    assert states(without_pages, campaign_id, Kind.VISIT) == {
        left_alone: 1, (ActionState.PLANNED, None): 1,
    }  # fmt: skip


def test_somebody_whom_a_page_shows_twice_is_one_person(
    without_pages: Services, account: AccountRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = LedgerSite.search

    def twice(site: LedgerSite, query: SearchQuery, page: int) -> ResultPage:
        shown = really(site, query, page)
        return replace(shown, people=tuple(person for person in shown.people for _ in range(2)))

    monkeypatch.setattr(LedgerSite, "search", twice)
    campaign_id = search_of(without_pages, account, people=4, limit=3)
    run_all(without_pages)
    assert hits_of(without_pages, campaign_id) == the_search(without_pages, campaign_id).found == 3


@pytest.mark.parametrize("kind", ["sourcing", "visitor"])
def test_a_dry_run_of_a_search_reads_no_page_and_says_which(
    without_pages: Services, account: AccountRecord, kind: str
) -> None:
    saved_search(without_pages, account, people=3)
    if kind == "sourcing":
        campaign_id = search_of(without_pages, account, people=3, dry_run=True)
    else:
        campaign_id = visits_of(without_pages, account, saved_search="many", dry_run=True)
    assert run_all(without_pages) == []
    assert opened(without_pages) == {}
    with without_pages.database.transaction() as session:
        preview = session.get_one(Campaign, campaign_id).preview
    assert preview is not None
    assert "people=3" in preview[0]["search"]


def test_a_visitor_campaign_asked_twice_starts_once(without_pages: Services, account: AccountRecord) -> None:
    campaign_id = UUID(int=7)

    def ask(profile: str) -> None:
        with without_pages.database.transaction() as session, logs.bound(correlation_id="test"):
            asked = VisitorOptions(profiles=[profile])
            start_campaign(session, account=account.name, campaign_id=campaign_id, options=asked)

    ask("ledger:ann")
    with without_pages.database.transaction() as session:
        assert control.pause_campaign(session, campaign_id)
    ask("ledger:ann")  # which resumes nothing
    with pytest.raises(RequestRefusedError, match="id was already used"):
        ask("ledger:ben")
    run_all(without_pages)
    assert opened(without_pages) == {}
    with without_pages.database.transaction() as session:
        assert control.resume_campaign(session, campaign_id)
    run_all(without_pages)
    assert opened(without_pages) == {"ledger:ann": 1}


def test_a_list_is_cut_at_its_limit(without_pages: Services, account: AccountRecord) -> None:
    visits_of(
        without_pages, account, profiles=[f"ledger:{slug}" for slug in ("ann", "ann", "ben", "eve")], limit=2
    )
    run_all(without_pages)
    assert opened(without_pages) == {"ledger:ann": 1, "ledger:ben": 1}


def test_a_list_holds_the_audits_head_before_its_people(
    without_pages: Services, account: AccountRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = visits.save_addresses
    free: list[int] = []
    visits_of(without_pages, account, profiles=["ledger:ann"])

    def look(session: Session, account_id: int, addresses: list[str]) -> list[int]:
        with without_pages.database.transaction() as other:
            head = select(AuditHead.account_id).where(AuditHead.account_id == account_id)
            free.extend(other.scalars(head.with_for_update(skip_locked=True)))
        return list(really(session, account_id, addresses))

    monkeypatch.setattr(visits, "save_addresses", look)
    visits_of(without_pages, account, profiles=["ledger:ben"])
    assert free == []


def test_what_a_profile_shows_is_scored_in_the_campaign_that_found_its_person(
    without_pages: Services, account: AccountRecord
) -> None:
    campaign_id = search_of(without_pages, account, people=1)
    assert perform_action(without_pages, next_due(without_pages)) is Outcome.DONE
    assert states(without_pages, campaign_id, Kind.COLLECT) == {DONE: 1}  # it was the last page
    with without_pages.database.transaction() as session:
        before = session.scalars(select(Hit.score)).one()
    waits_are_over(without_pages)
    run_all(without_pages)
    with without_pages.database.transaction() as session:
        assert session.scalars(select(Hit.score)).one() != before


def test_a_campaign_reads_the_sections_that_its_criteria_need(
    without_pages: Services, account: AccountRecord
) -> None:
    search = search_of(without_pages, account, people=1)
    visits = visits_of(without_pages, account, profiles=["ledger:ann"])
    with without_pages.database.transaction() as session:
        sourcing, visiting = (campaigns.find_campaign(session, each) for each in (search, visits))
    assert sourcing is not None
    assert list_needed_sections(sourcing) == {Section.SKILLS}
    assert visiting is not None
    assert list_needed_sections(visiting) == frozenset()
